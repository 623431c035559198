import { readSecretFile } from '../../base/secret-file.ts'
import { readKeys } from '../../model/key-file-text.ts'
import type { KeySettings } from '../../model/key-ring.ts'
import type { Findings } from '../definition.ts'
import { itemFile } from './item-file.ts'
import { valueOf } from './judged-items.ts'
import type { Settings } from '../settings.ts'
import { problemFrom } from '../problem.ts'
import type { ResolvedItems } from './resolved-items.ts'

const itemName = 'TidingsKeyFile'

const keyItemOf = (items: ResolvedItems | undefined) => items?.get(itemName.toLowerCase())

/**
 * The keys of a node, read from the file that its definition names. undefined: it names none, or the file cannot be taken,
 * which is an error.
 */
export function nodeKeys(
  itemsByHost: ReadonlyMap<string, ResolvedItems>,
  { node }: Settings,
  cwd: string,
  findings: Findings,
): KeySettings | undefined {
  judgeOnAllHosts(itemsByHost, findings)
  const item = keyItemOf(itemsByHost.get(node.name))
  const value = valueOf(item)
  if (item === undefined || typeof value !== 'string') return undefined
  const { name, file } = itemFile(item, value, cwd)
  const found = readSecretFile(file)
  if ('why' in found) {
    const message = `${itemName} ${name} is not taken: ${found.why}`
    findings.errors.push(problemFrom(item.written.valueOrigin, message))
    return undefined
  }
  const read = readKeys(found.text)
  if ('ring' in read) return { file, ring: read.ring }
  // No excerpt: a secret may stand in it.
  for (const { line, column, message } of read.problems)
    findings.errors.push({ file: name, line, column, message, excerpt: null })
  return undefined
}

/** Between a node with keys and one without there is no connection. */
function judgeOnAllHosts(
  itemsByHost: ReadonlyMap<string, ResolvedItems>,
  findings: Findings,
): void {
  const hosts = [...itemsByHost]
  const without = hosts.filter(([, items]) => keyItemOf(items) === undefined)
  const [item] = hosts.flatMap(([, items]) => keyItemOf(items) ?? [])
  if (item === undefined || without.length === 0) return
  const names = without.map(([host]) => host).join(', ')
  const message = `${itemName} must be set on all hosts or on none: ${names} would have no key`
  findings.errors.push(problemFrom(item.written.valueOrigin, message))
}
