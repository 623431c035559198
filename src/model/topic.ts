import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'

/**
 * Topics: `table/<TABLE>/`, `table/` (marks for "all tables"), `status/<incarnation>/` and
 * `reply/<subscriber>/`. A subscription is a prefix match; the closing `/` keeps TRADE from matching
 * TRADE_AUDIT. What programs that are not ours publish comes on `update/<TABLE>/` and goes no further
 * than the intake of their node: who subscribes to that prefix hears nothing of ours.
 */

/** Bytes of a table name on the wire, after percent-encoding. A topic stays short. */
export const maxTableNameBytes = 255

export const allUpdatesTopic = 'table/'
export const allStatusTopic = 'status/'
export const allForeignTopic = 'update/'

const plainName = /^[A-Za-z0-9_.-]+$/

/** Everything but `A–Z a–z 0–9 _ . -` becomes %XX of its UTF-8 bytes. */
export function encodeTableName(table: string): string {
  if (plainName.test(table)) return table
  let encoded = ''
  for (const byte of Buffer.from(table, 'utf8')) {
    const character = String.fromCharCode(byte)
    encoded += plainName.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

/** @throws TidingsError LIMIT_EXCEEDED where a table name is too long for a topic. */
function checkTableNameLength(table: string): void {
  if (encodeTableName(table).length > maxTableNameBytes)
    throw new TidingsError(
      'LIMIT_EXCEEDED',
      `the table name ${JSON.stringify(table.slice(0, 40))}… has more than ${maxTableNameBytes} bytes (maxTableNameBytes, after percent-encoding)`,
    )
}

/**
 * A table that can be published, declared or subscribed to.
 * @throws TidingsError USAGE where it is no name, LIMIT_EXCEEDED where it is too long.
 */
export function checkTableName(table: unknown): asserts table is string {
  if (typeof table !== 'string' || table === '')
    throw new TidingsError(
      'USAGE',
      `\`table\` must be a string that is not empty, got ${shown(table)}`,
    )
  if (table === '*')
    throw new TidingsError('USAGE', "no table is named '*': for subscribers it means all of them")
  if (!table.isWellFormed())
    throw new TidingsError(
      'USAGE',
      `\`table\` must be Unicode, got ${shown(table)}: half of a surrogate pair is no character`,
    )
  checkTableNameLength(table)
}

/** The inverse of encodeTableName(); null where the text is not what it would have written. */
export function decodeTableName(encoded: string): string | null {
  if (plainName.test(encoded)) return encoded
  try {
    const table = decodeURIComponent(encoded)
    return encodeTableName(table) === encoded ? table : null
  } catch {
    return null
  }
}

export const updateTopic = (table: string) => `table/${encodeTableName(table)}/`
export const statusTopic = (incarnation: string) => `status/${incarnation}/`
export const replyTopic = (subscriber: string) => `reply/${subscriber}/`

/** What a topic names, or null where it is none of ours. */
export type Topic =
  | { readonly plane: 'table'; readonly table: string | null }
  | { readonly plane: 'status'; readonly incarnation: string }
  | { readonly plane: 'reply'; readonly subscriber: string }

const updatePattern = /^table\/(?:([A-Za-z0-9_.%-]{1,255})\/)?$/
const foreignPattern = /^update\/([A-Za-z0-9_.%-]{1,255})\/$/
const statusPattern = /^status\/([0-9a-f]{32})\/$/
const replyPattern = /^reply\/([0-9a-f]{32})\/$/

export function parseTopic(topic: string): Topic | null {
  const update = updatePattern.exec(topic)
  if (update) {
    if (update[1] === undefined) return { plane: 'table', table: null }
    const table = decodeTableName(update[1])
    return table === null ? null : { plane: 'table', table }
  }
  const status = statusPattern.exec(topic)?.[1]
  if (status !== undefined) return { plane: 'status', incarnation: status }
  const subscriber = replyPattern.exec(topic)?.[1]
  return subscriber === undefined ? null : { plane: 'reply', subscriber }
}

/** The table of a topic that a program that is not ours publishes on; null where it names none. */
export function parseForeignTopic(topic: string): string | null {
  const encoded = foreignPattern.exec(topic)?.[1]
  return encoded === undefined ? null : decodeTableName(encoded)
}
