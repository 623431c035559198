import { asBuffer } from '../../../wire/bytes/byte-reader.ts'

/** A message, or a piece of one that did not fit a datagram. */
export interface MessageRecord {
  readonly kind: RecordKind
  /** Of `first`: bytes of the whole message; else 0. */
  readonly total: number
  readonly bytes: Buffer
}

export type RecordKind = 'whole' | 'first' | 'next' | 'final'

/** Bytes before those of a record: its kind and size. */
export const recordHeadBytes = 3

/** Those of a first piece, which says the size of the message, too. */
export const firstHeadBytes = recordHeadBytes + 4

const kinds: readonly RecordKind[] = ['whole', 'first', 'next', 'final']

export const headBytesOf = (kind: RecordKind): number =>
  kind === 'first' ? firstHeadBytes : recordHeadBytes

/** Writes a record at `at`; returns where it ends. `total`: of `first`. */
export function writeRecord(
  into: Buffer,
  at: number,
  kind: RecordKind,
  bytes: Uint8Array,
  total = 0,
): number {
  into[at] = kinds.indexOf(kind)
  into.writeUInt16LE(bytes.length, at + 1)
  if (kind === 'first') into.writeUInt32LE(total, at + recordHeadBytes)
  const from = at + headBytesOf(kind)
  into.set(bytes, from)
  return from + bytes.length
}

/** All records of a datagram, as views; null where the bytes are none. One of no bytes is none: no list of pieces may grow for nothing. */
export function decodeRecords(bytes: Uint8Array): MessageRecord[] | null {
  const buffer = asBuffer(bytes)
  const records: MessageRecord[] = []
  let at = 0
  while (at < buffer.length) {
    const kind = kinds[buffer[at] as number]
    if (kind === undefined) return null
    const from = at + headBytesOf(kind)
    if (from > buffer.length) return null
    const size = buffer.readUInt16LE(at + 1)
    const total = kind === 'first' ? buffer.readUInt32LE(at + recordHeadBytes) : 0
    at = from + size
    if (size === 0 || at > buffer.length) return null
    records.push({ kind, total, bytes: buffer.subarray(from, at) })
  }
  return records
}
