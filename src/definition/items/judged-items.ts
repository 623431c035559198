import type { Definition, Findings, WrittenItem } from '../definition.ts'
import { readItemValue } from './item-value.ts'
import { knownItem, knownItemNames } from './known-items.ts'
import type { ItemUse, KnownItem } from './known-items.ts'
import { nearest } from '../../base/nearest.ts'
import { problemFrom } from '../problem.ts'
import type { ResolvedItem, ResolvedItems } from './resolved-items.ts'
import { applies } from './resolved-items.ts'
import { isSecretName, mask, maskedText } from '../secret.ts'

export type Layer = 'ZeroMQ' | 'MQTT'

/** Of a wrong value a message shows so many characters. */
const maxShownValue = 60

/** True where an item of that use counts with the layer. */
export const isUsed = (use: ItemUse, layer: Layer) => use === 'always' || use === layer

/**
 * Judges every item as it was written. What is wrong with an item that counts is an error; in other
 * systems, or for another layer, a warning: it must not keep this node from starting.
 */
export function judgeWrittenItems(
  definition: Definition,
  layer: Layer,
  system: string | null | undefined,
  findings: Findings,
): void {
  const lastWritten = new Map<string, WrittenItem>()
  for (const item of definition.items) {
    const known = knownItem(item.name)
    if (known) judgeKnown(item, known, layer, system, findings)
    else judgeUnknown(item, findings)
    if (item.text.trim() !== '') judgeRepeated(item, lastWritten, findings)
  }
}

/** `system` undefined: it is not known which one counts, so all do. */
function judgeKnown(
  item: WrittenItem,
  known: KnownItem,
  layer: Layer,
  system: string | null | undefined,
  findings: Findings,
): void {
  if (item.name !== known.name) {
    const message = `"${item.name}" is taken for ${known.name}: names are matched without regard to case`
    findings.notes.push(problemFrom(item.origin, message))
  }
  const counts = system === undefined || isInSystem(item, system)
  const list = counts && isUsed(known.use, layer) ? findings.errors : findings.warnings
  if (item.unread !== null) {
    list.push(item.unread)
    return
  }
  if (item.kind === 'link') return
  if (item.text.trim() === '') {
    const message = `${known.name} is empty and counts as absent`
    findings.notes.push(problemFrom(item.valueOrigin, message))
    return
  }
  const secret = item.encrypted || isSecretName(item.name)
  const message = wrongValue(known, item.text, secret)
  if (message !== null) list.push(problemFrom(item.valueOrigin, message))
  else if (counts) warnOfDanger(item, known, layer, findings)
}

const isInSystem = ({ scope }: WrittenItem, system: string | null) =>
  scope.level === 'global' || applies(scope, system, scope.host)

/** What is wrong with the value, or null. */
function wrongValue(known: KnownItem, text: string, secret: boolean): string | null {
  const read = readItemValue(known.type, text)
  if (read.ok) return null
  const shown = secret ? mask : maskedText(text.trim())
  const cut = shown.length > maxShownValue ? `${shown.slice(0, maxShownValue)}…` : shown
  return `${known.name} is "${cut}": ${read.expected}`
}

function warnOfDanger(item: WrittenItem, known: KnownItem, layer: Layer, findings: Findings): void {
  if (!isUsed(known.use, layer) && known.name !== 'ClusterMode') return
  const warn = (message: string) => findings.warnings.push(problemFrom(item.valueOrigin, message))
  if (item.encrypted) {
    warn(`${known.name} is marked as encrypted: it is not decrypted here, it is taken as it stands`)
  }
  if (known.name === 'MqttTlsVerify' && /^false$/i.test(item.text.trim())) {
    warn(
      'MqttTlsVerify is false: anyone can pretend to be the broker; for development and tests only',
    )
  }
  if (known.name === 'ClusterMode') {
    warn(
      `ClusterMode ${item.text.trim()} is not carried here: the nodes are the hosts of the definition`,
    )
  }
}

function judgeUnknown(item: WrittenItem, findings: Findings): void {
  const meant = nearest(item.name, knownItemNames)
  if (meant === null) return
  const message = `"${item.name}" is not an item of the update queue and not used; did you mean "${meant}"?`
  findings.warnings.push(problemFrom(item.origin, message))
}

/** Twice in one text at one level; another file may say an item again, that is what it is for. */
function judgeRepeated(
  item: WrittenItem,
  lastWritten: Map<string, WrittenItem>,
  findings: Findings,
): void {
  const { level, system, host } = item.scope
  const key = JSON.stringify([level, system, host?.toLowerCase(), item.name.toLowerCase()])
  const before = lastWritten.get(key)
  lastWritten.set(key, item)
  if (before?.origin.kind !== 'place' || item.origin.kind !== 'place') return
  const { source, offset } = before.origin.place
  if (source !== item.origin.place.source) return
  const { line } = source.positionOf(offset)
  const message = `${item.name} stands twice in ${level}: this one counts, not the one in line ${line}`
  findings.warnings.push(problemFrom(item.origin, message))
}

/** Judges what links lead to; values that stand for themselves are judged as they were written. */
export function judgeLinkedItems(items: ResolvedItems, layer: Layer, findings: Findings): void {
  for (const { known, text, secret, written, source } of items.values()) {
    if (written.kind !== 'link' || !known || !isUsed(known.use, layer)) continue
    if (source.unread !== null) {
      findings.errors.push(source.unread)
      continue
    }
    const message = wrongValue(known, text, secret)
    if (message !== null) findings.errors.push(problemFrom(written.valueOrigin, message))
  }
}

/** The value of an item that counts; null where it is absent or wrong (which was judged). */
export function valueOf(item: ResolvedItem | undefined): string | number | boolean | null {
  if (!item?.known) return null
  const read = readItemValue(item.known.type, item.text)
  return read.ok ? read.value : null
}
