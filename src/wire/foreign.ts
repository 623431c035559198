import { isUtf8 } from 'node:buffer'
import type { Update, UpdateKind } from '../model/update.ts'
import { parseJson, unreadable } from './json-text.ts'
import { wireLimits } from './limits.ts'
import { isInt64 } from './mixed-text.ts'
import { updateKinds } from './payload.ts'
import { refused } from './refused.ts'
import type { Refused } from './refused.ts'

/**
 * What a program that is not ours published: JSON of one update
 * `{"kind":"insert","record":{…},"before":{…}?,"version":…?}`, or an array of them, one commit. Other
 * members are ignored.
 */
export interface ForeignMessage {
  readonly kind: 'foreign'
  readonly table: string
  /** One commit, without numbers. `publishedAt` is 0: who receives it puts the time of arrival. */
  readonly updates: Update[]
}

export function decodeForeign(table: string, frame: Buffer): ForeignMessage | Refused {
  if (frame.length > wireLimits.maxForeignBytes) return refused('too-large')
  if (frame.length === 0) return refused('too-short')
  if (!isUtf8(frame)) return refused('bad-text')
  const json = parseJson(frame.utf8Slice())
  if (json === unreadable) return refused('bad-json')
  const list: unknown[] = Array.isArray(json) ? json : [json]
  const updates: Update[] = []
  for (const item of list) {
    const update = updateOf(table, item)
    if (update === null) return refused('bad-update')
    updates.push(update)
  }
  return updates.length === 0 ? refused('bad-update') : { kind: 'foreign', table, updates }
}

function updateOf(table: string, item: unknown): Update | null {
  if (!isRecord(item)) return null
  const { kind, record, before, version: given } = item
  const version = versionOf(given)
  if (!updateKinds.includes(kind as UpdateKind) || !isRecord(record) || version === null)
    return null
  if (before !== undefined && before !== null && !isRecord(before)) return null
  return {
    table,
    kind: kind as UpdateKind,
    record,
    before: before ?? undefined,
    version,
    publisher: null,
    sequence: null,
    commit: null,
    publishedAt: 0,
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const decimal = /^-?\d{1,19}$/

/** A safe integer or a decimal string of 64 bits; undefined: none; null: neither. */
function versionOf(given: unknown): bigint | undefined | null {
  if (given === undefined || given === null) return undefined
  if (typeof given === 'number') return Number.isSafeInteger(given) ? BigInt(given) : null
  if (typeof given !== 'string' || !decimal.test(given)) return null
  const version = BigInt(given)
  return isInt64(version) ? version : null
}
