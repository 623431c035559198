import { isUtf8 } from 'node:buffer'
import { NumberOutOfRange, parseExactJson, shownPath } from '../../base/exact-json.ts'
import { isInt64 } from '../../base/int64.ts'
import { nestsDeeper } from '../../base/json-nesting.ts'
import { maxTableNameBytes, parseForeignTopic } from '../../model/topic.ts'
import type { NewUpdate, UpdateKind } from '../../model/update.ts'
import { asBuffer } from '../bytes/byte-reader.ts'
import { wireLimits } from '../limits.ts'
import { updateKinds } from '../rows/payload.ts'
import { refused } from '../refused.ts'
import type { Refused } from '../refused.ts'

/**
 * What a program that is not ours published: JSON of one update
 * `{"kind":"insert","record":{…},"before":{…}?,"version":…?}`, or an array of them. Other members are
 * ignored.
 */
export interface ForeignMessage {
  readonly kind: 'foreign'
  readonly table: string
  /** One commit, as it is given to `publish()`. */
  readonly updates: NewUpdate[]
}

/** `table`: whose update would have been; null: the topic does not say it. */
export interface RefusedForeign extends RefusedJson {
  readonly table: string | null
}

interface RefusedJson extends Refused {
  /** What in the JSON is refused, as a message shows it, e.g. `record.PRICES[0]`. */
  readonly path?: string
}

const slash = 0x2f
const updateTopicBytes = 'update/'.length

/** Bytes of the longest topic that names a table. */
export const maxForeignTopicBytes = updateTopicBytes + maxTableNameBytes + 1

/** Where the topic ends that a frame begins with; 0: it is too long for one, or there is no end. */
export const foreignTopicEnd = (frame: Buffer): number =>
  frame.subarray(0, maxForeignTopicBytes).indexOf(slash, updateTopicBytes) + 1

/**
 * What came on `update/<TABLE>/`, in one frame that begins with its topic or with the topic in a frame of
 * its own, to what it says or to a named reason to refuse it, never an exception.
 */
export function decodeForeign(frames: readonly Uint8Array[]): ForeignMessage | RefusedForeign {
  const [first, second] = frames
  if (first === undefined) return { ...refused('bad-frames'), table: null }
  const whole = asBuffer(first)
  const topicEnd = foreignTopicEnd(whole)
  const table = parseForeignTopic(whole.latin1Slice(0, topicEnd))
  if (frames.length > 2) return { ...refused('bad-frames'), table }
  if (table === null) return { ...refused('bad-topic'), table }
  if (second !== undefined && topicEnd < whole.length) return { ...refused('bad-frames'), table }
  const json = second === undefined ? whole.subarray(topicEnd) : asBuffer(second)
  const message = decodeJson(table, json)
  return message.kind === 'refused' ? { ...message, table } : message
}

function decodeJson(table: string, frame: Buffer): ForeignMessage | RefusedJson {
  if (frame.length > wireLimits.maxForeignBytes) return refused('too-large')
  if (frame.length === 0) return refused('too-short')
  if (!isUtf8(frame)) return refused('bad-text')
  const parsed = parse(frame.utf8Slice())
  if (parsed.kind === 'refused') return parsed
  const { json } = parsed
  const list: unknown[] = Array.isArray(json) ? json : [json]
  const updates: NewUpdate[] = []
  for (const item of list) {
    const update = updateOf(table, item)
    if (update === null) return refused('bad-update')
    updates.push(update)
  }
  return updates.length === 0 ? refused('bad-update') : { kind: 'foreign', table, updates }
}

/** Whole numbers stay exact: one beyond 2⁵³ is a bigint, one of more than 64 bits is refused by its path. */
function parse(text: string): { readonly kind: 'json'; readonly json: unknown } | RefusedJson {
  if (nestsDeeper(text, wireLimits.maxJsonNesting)) return refused('bad-json')
  try {
    return { kind: 'json', json: parseExactJson(text) }
  } catch (reason) {
    if (!(reason instanceof NumberOutOfRange)) return refused('bad-json')
    return { ...refused('bad-number'), path: shownPath(reason.path) }
  }
}

function updateOf(table: string, item: unknown): NewUpdate | null {
  if (!isRecord(item)) return null
  const { kind, record, before, version: given } = item
  const version = versionOf(given)
  if (!updateKinds.includes(kind as UpdateKind) || !isRecord(record) || version === null)
    return null
  if (before !== undefined && before !== null && !isRecord(before)) return null
  return { table, kind: kind as UpdateKind, record, before: before ?? undefined, version }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const decimal = /^-?\d{1,19}$/

/** A whole number of 64 bits, as it is or as a decimal string; undefined: none; null: neither. */
function versionOf(given: unknown): bigint | undefined | null {
  if (given === undefined || given === null) return undefined
  if (typeof given === 'bigint') return isInt64(given) ? given : null
  if (typeof given === 'number') return Number.isSafeInteger(given) ? BigInt(given) : null
  if (typeof given !== 'string' || !decimal.test(given)) return null
  const version = BigInt(given)
  return isInt64(version) ? version : null
}
