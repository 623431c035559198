import type { Definition, Findings, Scope, WrittenItem } from '../definition.ts'
import { isSameHost } from '../definition.ts'
import { knownItem, knownItemNames } from './known-items.ts'
import type { KnownItem } from './known-items.ts'
import { didYouMean } from '../../base/nearest.ts'
import { problemFrom } from '../problem.ts'
import { isSecretName } from '../secret.ts'

/** An item that counts on a host: the nearest level's, the last one written, links followed. */
export interface ResolvedItem {
  /** In the documentation's spelling where it is known, else as written. */
  readonly name: string
  readonly text: string
  readonly secret: boolean
  readonly written: WrittenItem
  /** Where the value stands: `written` itself, or what its links lead to. */
  readonly source: WrittenItem
  readonly known: KnownItem | null
}

/** By name in lower case. */
export type ResolvedItems = ReadonlyMap<string, ResolvedItem>

const rank = { global: 0, system: 1, host: 2 } as const

/** True where what is written for `scope` counts on that host of that system. */
export function applies(scope: Scope, system: string | null, host: string | null): boolean {
  if (scope.level === 'global') return true
  if (scope.system !== system) return false
  return scope.host === null || (host !== null && isSameHost(scope.host, host))
}

/**
 * The items that count on `host` of `system`. Empty values count as absent: what is written farther
 * off shows through. Links that lead nowhere are errors and missing in the result.
 */
export function resolveItems(
  definition: Definition,
  system: string | null,
  host: string | null,
  findings: Findings,
): ResolvedItems {
  const chosen = new Map<string, WrittenItem>()
  for (const item of definition.items) {
    if (item.text.trim() === '' || !applies(item.scope, system, host)) continue
    const name = item.name.toLowerCase()
    const before = chosen.get(name)
    if (!before || rank[item.scope.level] >= rank[before.scope.level]) chosen.set(name, item)
  }
  const hasVault = definition.vaults.some((scope) => applies(scope, system, host))
  const paths = [...chosen].flatMap(([key, written]) => {
    const path = followLink(written, chosen, hasVault, findings)
    return path ? [{ key, written, path }] : []
  })
  const secrets = new Set(paths.flatMap(({ path }) => (isSecretPath(path) ? path : [])))
  const resolved = new Map<string, ResolvedItem>()
  for (const { key, written, path } of paths) {
    const known = knownItem(written.name)
    const name = known?.name ?? written.name
    const source = path.at(-1) ?? written
    const { text } = source
    const secret = path.some((item) => secrets.has(item))
    resolved.set(key, { name, text, secret, written, source, known })
  }
  return resolved
}

/** One secret among linked items makes all of them secret: they have one value. */
const isSecretPath = (path: readonly WrittenItem[]) =>
  path.some((item) => item.encrypted || isSecretName(item.name))

/** From the item along its links to the one with the value; null where they lead nowhere. */
function followLink(
  item: WrittenItem,
  chosen: ReadonlyMap<string, WrittenItem>,
  hasVault: boolean,
  findings: Findings,
): WrittenItem[] | null {
  const path = [item]
  let current = item
  while (current.kind === 'link') {
    const source = chosen.get(current.text.trim().toLowerCase())
    if (!source) {
      judgeDangling(current, chosen, hasVault, findings)
      return null
    }
    if (path.includes(source)) {
      judgeCircle([...path.slice(path.indexOf(source)), source], findings)
      return null
    }
    path.push(source)
    current = source
  }
  return path
}

/** Told once, from its first member on: the others would tell the same circle. */
function judgeCircle(circle: readonly WrittenItem[], findings: Findings): void {
  const names = circle.map(({ name }) => name)
  const first = [...names].sort()[0]
  const start = names.findIndex((name) => name === first)
  const members = circle.slice(0, -1)
  const turned = [...members.slice(start), ...members.slice(0, start)]
  const [head] = turned
  if (!head) return
  const path = [...turned, head].map(({ name }) => name).join(' → ')
  findings.errors.push(problemFrom(head.valueOrigin, `circular link: ${path}`))
}

function judgeDangling(
  link: WrittenItem,
  chosen: ReadonlyMap<string, WrittenItem>,
  hasVault: boolean,
  findings: Findings,
): void {
  // What its source is cannot be read: said where the item is judged, if it matters.
  if (link.unread !== null) return
  const known = knownItem(link.name)
  if (hasVault && (known === null || known.use === 'never')) {
    const message = `${link.name} comes from "${link.text}" of the vault, which is not read here`
    findings.notes.push(problemFrom(link.valueOrigin, message))
    return
  }
  const names = [...chosen.values()].map(({ name }) => name).concat(knownItemNames)
  const vault = hasVault ? ' (the vault is not read here)' : ''
  const message =
    `${link.name} is a link to "${link.text}", which does not exist${vault}` +
    didYouMean(link.text, names)
  findings.errors.push(problemFrom(link.valueOrigin, message))
}
