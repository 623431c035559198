import { SaxesParser } from 'saxes'
import type { SaxesAttributePlain, SaxesTagPlain } from 'saxes'
import type { Definition, Findings } from './definition.ts'
import { didYouMean } from '../base/nearest.ts'
import { problemAt } from './problem.ts'
import { isSecretName, maskedText } from './secret.ts'
import { servicePort } from './service-port.ts'
import type { SourceText } from './source-text.ts'

const attributes = ['name', 'host', 'port', 'secure', 'external']

/** After so many complaints about one file's XML the rest is only their consequence. */
const maxXmlComplaints = 20

/**
 * Reads service definitions (`*-service-definitions.xml`): `<configuration>` with a
 * `<service name host port secure external/>` for each process. Attributes and elements that are not
 * known are let pass; slips of known ones are errors.
 */
export function readServiceDefinitions(
  source: SourceText,
  definition: Definition,
  findings: Findings,
): void {
  source.isSecretLine = (line) =>
    maskedText(line) !== line || line.split(/[^\w.-]+/).some((word) => isSecretName(word))
  new ServiceReader(source, definition, findings).read()
}

interface Attribute {
  readonly value: string
  readonly offset: number
}

class ServiceReader {
  readonly #source: SourceText
  readonly #definition: Definition
  readonly #findings: Findings
  readonly #parser = new SaxesParser()
  #tagStart = 0
  #attributes = new Map<string, Attribute>()
  #open: string[] = []
  #complaints = 0

  constructor(source: SourceText, definition: Definition, findings: Findings) {
    this.#source = source
    this.#definition = definition
    this.#findings = findings
  }

  read(): void {
    const parser = this.#parser
    parser.on('opentagstart', (tag) => {
      // The parser stands behind the name, or on the mark that ended it.
      this.#tagStart = this.#source.text.lastIndexOf(`<${tag.name}`, parser.position)
      this.#attributes = new Map()
    })
    parser.on('attribute', (attribute) => this.#addAttribute(attribute))
    parser.on('opentag', (tag) => this.#openTag(tag))
    parser.on('closetag', () => this.#open.pop())
    parser.on('error', (error) => {
      if (this.#complaints++ < maxXmlComplaints) this.#error(this.#offset, xmlMessage(error))
    })
    parser.write(this.#source.text).close()
  }

  /** The parser counts what it has read; its place is just before that. */
  get #offset(): number {
    return Math.max(0, Math.min(this.#parser.position, this.#source.text.length) - 1)
  }

  #addAttribute({ name, value }: SaxesAttributePlain): void {
    const offset = this.#attributeOffset(name)
    this.#attributes.set(name, { value, offset })
  }

  #attributeOffset(name: string): number {
    const { text } = this.#source
    for (let at = this.#parser.position; at > this.#tagStart;) {
      at = text.lastIndexOf(name, at - 1)
      if (at <= this.#tagStart) break
      if (/\s/.test(text[at - 1] ?? '') && /^\s*=/.test(text.slice(at + name.length))) return at
    }
    return this.#tagStart
  }

  #openTag(tag: SaxesTagPlain): void {
    const depth = this.#open.push(tag.name)
    if (depth === 1) {
      if (tag.name !== 'configuration') {
        this.#error(this.#tagStart, `<${tag.name}>: expected <configuration> around the services`)
      }
    } else if (tag.name === 'service') {
      this.#addService()
    } else if (depth === 2) {
      const hint = didYouMean(tag.name, ['service'])
      if (hint !== '') this.#error(this.#tagStart, `<${tag.name}>: expected <service …/>${hint}`)
    }
  }

  #addService(): void {
    const name = this.#attributes.get('name')
    const port = this.#attributes.get('port')
    this.#judgeAttributes()
    if (!name?.value.trim()) {
      return this.#error(name?.offset ?? this.#tagStart, 'a service needs a name: name="…"')
    }
    const process = name.value.trim()
    const judged = servicePort(port?.value ?? '')
    const secure = this.#flag('secure')
    const external = this.#flag('external')
    if (!judged.ok) {
      return this.#error(port?.offset ?? this.#tagStart, `${process}: ${judged.expected}`)
    }
    this.#definition.services.push({
      process,
      host: this.#attributes.get('host')?.value.trim() || 'localhost',
      port: judged.port,
      secure,
      external,
      origin: {
        kind: 'place',
        place: { source: this.#source, offset: this.#tagStart },
        path: null,
      },
    })
  }

  #judgeAttributes(): void {
    for (const [name, { offset }] of this.#attributes) {
      const hint = attributes.includes(name) ? '' : didYouMean(name, attributes)
      if (hint !== '') this.#error(offset, `a service has no "${name}"${hint}`)
    }
  }

  #flag(name: string): boolean {
    const attribute = this.#attributes.get(name)
    const word = attribute?.value.trim().toLowerCase() ?? ''
    if (attribute && !['true', 'false', ''].includes(word)) {
      this.#error(attribute.offset, `${name} is "${attribute.value}": expected true or false`)
    }
    return word === 'true'
  }

  #error(offset: number, message: string): void {
    this.#findings.errors.push(problemAt({ source: this.#source, offset }, message))
  }
}

/** The parser's words without the place it puts in front of them: ours stands there. */
function xmlMessage(error: Error): string {
  return `not well-formed XML: ${error.message.replace(/^(?:[^:]*:)?\d+:\d+: /, '').replace(/\.$/, '')}`
}
