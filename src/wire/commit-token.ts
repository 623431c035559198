import zlib from 'node:zlib'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { CommitPosition } from '../model/commit-position.ts'
import type { TableSequence } from '../model/message.ts'
import { ByteReader } from './bytes/byte-reader.ts'
import { ByteWriter } from './bytes/byte-writer.ts'
import { readTable, writeTable } from './frames/table-sequences.ts'

/** The first byte: tokens of another layout are none. */
const layout = 1
const checksumBytes = 4
/** Base64url makes four characters of three bytes: fewer than 1,024, so that a header or a cookie takes it. */
const maxTokenBytes = 767
const leastSequenceBytes = 3

const out = new ByteWriter()

/**
 * A commit as a text that can be carried anywhere, base64url: layout · more tables (u8) · incarnation · number of
 * tables · (table, last) each · CRC-32 of all that. Tables that do not fit are left out.
 */
export function encodeToken({ incarnation, streams }: Omit<CommitPosition, 'hasMore'>): string {
  const most = maxTokenBytes - checksumBytes
  let taken = streams.length
  writePosition(incarnation, streams, taken)
  while (out.length > most) {
    taken = Math.min(taken - 1, Math.floor((taken * most) / out.length))
    writePosition(incarnation, streams, taken)
  }
  out.u32(zlib.crc32(out.view()))
  return out.view().toString('base64url')
}

function writePosition(incarnation: string, streams: readonly TableSequence[], taken: number) {
  out.reset()
  out.u8(layout)
  out.u8(taken < streams.length ? 1 : 0)
  out.id(incarnation)
  out.varint(taken)
  for (const { table, last } of streams.slice(0, taken)) {
    writeTable(out, table)
    out.varint(last)
  }
}

/** Throws USAGE where it is none that `encodeToken()` has made. */
export function decodeToken(token: unknown): CommitPosition {
  const position = typeof token === 'string' ? positionOf(token) : null
  if (position) return position
  throw new TidingsError(
    'USAGE',
    `seen() takes a token that publish() gave, whole and as it was, got ${shown(token)}`,
  )
}

function positionOf(token: string): CommitPosition | null {
  const bytes = Buffer.from(token, 'base64url')
  const end = bytes.length - checksumBytes
  // Anything but base64url is passed over by Node: only what is written so again is a token.
  if (end < 1 || bytes.length > maxTokenBytes || bytes.toString('base64url') !== token) return null
  if (bytes.readUInt32LE(end) !== zlib.crc32(bytes.subarray(0, end))) return null
  const reader = new ByteReader(bytes, 0, end)
  const isKnown = reader.u8() === layout
  const hasMore = reader.u8() === 1
  const incarnation = reader.id()
  const streams: TableSequence[] = []
  for (let left = reader.count(leastSequenceBytes, 1); left > 0 && reader.problem === null; left--)
    streams.push({ table: readTable(reader), last: reader.varint(1) })
  const isWhole = reader.problem === null && reader.at === end
  return isKnown && isWhole ? { incarnation, streams, hasMore } : null
}
