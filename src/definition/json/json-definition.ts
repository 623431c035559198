import type { Definition, Findings, Level, Scope } from '../definition.ts'
import type { DefinitionObject } from './definition-object.ts'
import { globalScope, hostNamed, systemNamed } from '../definition.ts'
import { jsonOf, readJson } from './json-reader.ts'
import type { JsonMember, JsonNode, JsonScalar } from './json-reader.ts'
import { isPlainObject } from '../../base/plain-object.ts'
import { didYouMean } from '../../base/nearest.ts'
import { problemAt, problemFrom } from '../problem.ts'
import { isSecretName, maskedText } from '../secret.ts'
import type { Origin, SourceText } from '../source-text.ts'
import { servicePort } from '../service-port.ts'

/** Reads a JSON file of the shape of DefinitionObject. */
export function readJsonDefinition(
  source: SourceText,
  definition: Definition,
  hostname: string,
  findings: Findings,
): void {
  source.isSecretLine = (line) =>
    maskedText(line) !== line || line.split(/[^\w.-]+/).some((word) => isSecretName(word))
  const { node, complaint } = readJson(source)
  if (complaint !== null) {
    definition.damaged.push(source)
    definition.isCutShort = true
    findings.errors.push(problemAt({ source, offset: complaint.offset }, complaint.message))
  }
  const originOf = (path: string, start: number): Origin => ({
    kind: 'place',
    place: { source, offset: start },
    path: path === '' ? null : path,
  })
  if (node === null) definition.origins.push(originOf('', 0))
  else new JsonEvaluator(definition, hostname, findings, originOf).evaluate(node)
}

/** Reads a definition given as an object. Errors name the path. */
export function readDefinitionObject(
  object: DefinitionObject,
  definition: Definition,
  hostname: string,
  findings: Findings,
): void {
  const originOf = (path: string): Origin => ({ kind: 'path', path: path || 'definition' })
  const evaluator = new JsonEvaluator(definition, hostname, findings, originOf)
  evaluator.evaluate(nodeOf(object, 0))
}

/** An object's values as nodes. */
function nodeOf(value: unknown, depth: number): JsonNode {
  if (Array.isArray(value) && depth < maxObjectNesting) {
    return { kind: 'array', start: 0, elements: value.map((element) => nodeOf(element, depth + 1)) }
  }
  if (isPlainObject(value) && depth < maxObjectNesting) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => ({ name, start: 0, value: nodeOf(member, depth + 1) }))
    return { kind: 'object', start: 0, members }
  }
  const isScalar = value === null || ['string', 'number', 'boolean'].includes(typeof value)
  if (isScalar) return { kind: 'scalar', start: 0, value: value as JsonScalar }
  if (typeof value === 'bigint') return { kind: 'scalar', start: 0, value: String(value) }
  return { kind: 'none', start: 0 }
}

/** An object or a list may contain itself; deeper than this nothing is looked at. */
const maxObjectNesting = 8

/** Of an item that is used here; a list or an object of another one is kept as JSON. */
const expectedValue = 'expected a text, number, true, false or null'

/** True where a name in it is that of a secret: then nothing of it is shown. */
function hasSecret(node: JsonNode): boolean {
  if (node.kind === 'array') return node.elements.some(hasSecret)
  if (node.kind !== 'object') return false
  return node.members.some(({ name, value }) => isSecretName(name) || hasSecret(value))
}

type Members = ReadonlyMap<string, JsonMember>

class JsonEvaluator {
  readonly #definition: Definition
  readonly #hostname: string
  readonly #findings: Findings
  readonly #originOf: (path: string, start: number) => Origin

  constructor(
    definition: Definition,
    hostname: string,
    findings: Findings,
    originOf: (path: string, start: number) => Origin,
  ) {
    this.#definition = definition
    this.#hostname = hostname
    this.#findings = findings
    this.#originOf = originOf
  }

  evaluate(node: JsonNode): void {
    this.#definition.origins.push(this.#originOf('', node.start))
    const members = this.#members(node, '', ['global', 'systems', 'services'])
    this.#items(members?.get('global'), 'global', globalScope)
    this.#each(members?.get('systems'), (system, path) => this.#system(system, path))
    this.#each(members?.get('services'), (service, path) => this.#service(service, path))
  }

  #system(node: JsonNode, path: string): void {
    const members = this.#members(node, path, ['name', 'items', 'hosts'])
    const name = members && this.#name(members, node, path)
    if (!members || name === null) return
    systemNamed(this.#definition, name, this.#originOf(path, node.start))
    this.#items(members.get('items'), `${path}.items`, scopeOf('system', name, null))
    this.#each(members.get('hosts'), (host, hostPath) => this.#host(host, hostPath, name), path)
  }

  #host(node: JsonNode, path: string, system: string): void {
    const members = this.#members(node, path, ['name', 'items'])
    const written = members && this.#name(members, node, path)
    if (!members || written === null) return
    const name = written === 'LOCAL_HOST' ? this.#hostname : written
    const origin = this.#originOf(path, node.start)
    const host = hostNamed(systemNamed(this.#definition, system, origin), name, origin)
    this.#items(members.get('items'), `${path}.items`, scopeOf('host', system, host.name))
  }

  #service(node: JsonNode, path: string): void {
    const members = this.#members(node, path, ['name', 'host', 'port', 'secure', 'external'])
    const name = members && this.#name(members, node, path)
    if (!members || name === null) return
    const port = members.get('port')
    const text = port?.value.kind === 'scalar' ? String(port.value.value) : ''
    const judged = servicePort(text)
    const host = this.#scalar(members.get('host'), `${path}.host`, 'string') ?? 'localhost'
    const secure = this.#scalar(members.get('secure'), `${path}.secure`, 'boolean') === true
    const external = this.#scalar(members.get('external'), `${path}.external`, 'boolean') === true
    if (!judged.ok) {
      return this.#error(`${path}.port`, port?.value ?? node, `${name}: ${judged.expected}`)
    }
    this.#definition.services.push({
      process: name,
      host: String(host),
      port: judged.port,
      secure,
      external,
      origin: this.#originOf(path, node.start),
    })
  }

  #items(member: JsonMember | undefined, path: string, scope: Scope): void {
    if (!member) return
    if (member.value.kind !== 'object') {
      return this.#error(path, member.value, 'expected an object of items: { "NAME": value }')
    }
    for (const { name, start, value } of member.value.members) {
      const itemPath = `${path}.${name}`
      const valueOrigin = this.#originOf(itemPath, value.start)
      const isKept = value.kind === 'array' || value.kind === 'object'
      if (value.kind === 'none') {
        this.#error(itemPath, value, expectedValue)
      } else if (name.trim() === '') {
        this.#error(path, { start }, 'the name of this item is empty')
      } else {
        this.#definition.items.push({
          kind: 'value',
          name: name.trim(),
          text: isKept ? jsonOf(value) : value.value === null ? '' : String(value.value),
          encrypted: isKept && hasSecret(value),
          scope,
          origin: this.#originOf(itemPath, start),
          unread: isKept ? problemFrom(valueOrigin, expectedValue) : null,
          valueOrigin,
        })
      }
    }
  }

  #each(
    member: JsonMember | undefined,
    read: (node: JsonNode, path: string) => void,
    above = '',
  ): void {
    if (!member) return
    const path = above === '' ? member.name : `${above}.${member.name}`
    if (member.value.kind !== 'array') return this.#error(path, member.value, 'expected an array')
    for (const [index, element] of member.value.elements.entries())
      read(element, `${path}[${index}]`)
  }

  #members(node: JsonNode, path: string, known: readonly string[]): Members | null {
    if (node.kind !== 'object') {
      this.#error(path, node, `expected an object with ${known.join(', ')}`)
      return null
    }
    const members = new Map<string, JsonMember>()
    for (const member of node.members) {
      const memberPath = path === '' ? member.name : `${path}.${member.name}`
      if (members.has(member.name)) this.#error(memberPath, member, 'is given twice')
      members.set(member.name, member)
      if (known.includes(member.name)) continue
      const hint = didYouMean(member.name, known)
      const message = `not known: expected ${known.join(', ')}`
      if (hint !== '') this.#error(memberPath, member, `${message}${hint}`)
      else this.#warn(memberPath, member, `${message}; it is not used here`)
    }
    return members
  }

  #name(members: Members, node: JsonNode, path: string): string | null {
    const member = members.get('name')
    if (!member) {
      this.#error(path, node, 'expected "name"')
      return null
    }
    const name = this.#scalar(member, `${path}.name`, 'string')
    if (name === undefined) return null
    if (String(name).trim() !== '') return String(name).trim()
    this.#error(`${path}.name`, member.value, 'the name is empty')
    return null
  }

  #scalar(member: JsonMember | undefined, path: string, type: 'string' | 'boolean') {
    if (!member) return undefined
    const { value } = member
    if (value.kind === 'scalar' && typeof value.value === type) return value.value
    const expected = type === 'string' ? 'a text' : 'true or false'
    this.#error(path, value, `expected ${expected}`)
    return undefined
  }

  #error(path: string, { start }: { readonly start: number }, message: string): void {
    this.#findings.errors.push(problemFrom(this.#originOf(path, start), message))
  }

  #warn(path: string, { start }: { readonly start: number }, message: string): void {
    this.#findings.warnings.push(problemFrom(this.#originOf(path, start), message))
  }
}

const scopeOf = (level: Level, system: string, host: string | null): Scope => ({
  level,
  system,
  host,
})
