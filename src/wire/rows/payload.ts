/**
 * The payload of a batch: the rows of `updates` updates. Eight u32 open it, then the sections follow,
 * each but the last two padded with zeros to a multiple of 8:
 *
 *   shape · dictionaries · flags (u8 each update) · versions (i64 each) · rows · heap · exceptions
 *
 * Rows have one fixed width, so that the n-th row of a batch can be read without the others.
 */
export interface PayloadHeader {
  /** Updates of the batch. */
  readonly updates: number
  /** Rows: one for each record, one behind it for each record before. */
  readonly rows: number
  /** Bytes of the shape and of the dictionaries, without padding. */
  readonly shapeBytes: number
  readonly dictionaryBytes: number
  /** How many updates have a version. */
  readonly versions: number
  readonly heapBytes: number
  /** Values that stand outside the heap. */
  readonly exceptions: number
  readonly exceptionBytes: number
}

export const payloadHeaderBytes = 32

/** Where each section begins, in bytes from the begin of the payload. */
export interface PayloadSections {
  readonly shape: number
  readonly dictionaries: number
  readonly flags: number
  readonly versions: number
  readonly rows: number
  readonly heap: number
  readonly exceptions: number
  readonly end: number
}

export const padded = (bytes: number) => Math.ceil(bytes / 8) * 8

export function payloadSections(header: PayloadHeader, stride: number): PayloadSections {
  const shape = payloadHeaderBytes
  const dictionaries = shape + padded(header.shapeBytes)
  const flags = dictionaries + padded(header.dictionaryBytes)
  const versions = flags + padded(header.updates)
  const rows = versions + header.versions * 8
  const heap = rows + header.rows * stride
  const exceptions = heap + header.heapBytes
  const end = exceptions + header.exceptionBytes
  return { shape, dictionaries, flags, versions, rows, heap, exceptions, end }
}

export function writePayloadHeader(target: Buffer, header: PayloadHeader): void {
  target.writeUInt32LE(header.updates, 0)
  target.writeUInt32LE(header.rows, 4)
  target.writeUInt32LE(header.shapeBytes, 8)
  target.writeUInt32LE(header.dictionaryBytes, 12)
  target.writeUInt32LE(header.versions, 16)
  target.writeUInt32LE(header.heapBytes, 20)
  target.writeUInt32LE(header.exceptions, 24)
  target.writeUInt32LE(header.exceptionBytes, 28)
}

/** null where the payload is too short for its header. */
export function readPayloadHeader(payload: Buffer): PayloadHeader | null {
  if (payload.length < payloadHeaderBytes) return null
  return {
    updates: payload.readUInt32LE(0),
    rows: payload.readUInt32LE(4),
    shapeBytes: payload.readUInt32LE(8),
    dictionaryBytes: payload.readUInt32LE(12),
    versions: payload.readUInt32LE(16),
    heapBytes: payload.readUInt32LE(20),
    exceptions: payload.readUInt32LE(24),
    exceptionBytes: payload.readUInt32LE(28),
  }
}

/** The updates that the payload says it holds; −1 where it is too short to say so. */
export function payloadUpdates(payload: Buffer): number {
  return payload.length < payloadHeaderBytes ? -1 : payload.readUInt32LE(0)
}

/** The flags of an update: two bits of kind, then what it has. All other bits are 0. */
export const updateKinds = ['insert', 'modify', 'delete'] as const
/** The place of a kind in that list; not by `indexOf()`, which V8 calls for each update. */
export const kindCode = (kind: (typeof updateKinds)[number]): number =>
  kind === 'insert' ? 0 : kind === 'modify' ? 1 : 2
export const kindMask = 3
export const hasBefore = 4
export const hasVersion = 8

/** The slot of a string or text that stands among the exceptions, and their encodings. */
export const exceptionSlot = 0xffff
export const exceptionHeaderBytes = 12
export const textEncodings = { latin1: 0, utf16le: 1 } as const

/** A value outside the heap, for what 16 bits of length and 8 bits a character cannot hold. */
export interface ExceptionText {
  readonly row: number
  readonly field: number
  readonly text: string
}

/** A character above U+00FF: V8 finds at once that a one-byte string has none. */
export const widePattern = /[\u0100-\uffff]/

export function textBytes(text: string): { wide: boolean; bytes: number } {
  const wide = widePattern.test(text)
  return { wide, bytes: wide ? text.length * 2 : text.length }
}
