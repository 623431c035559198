import { assert } from '../../base/assertion.ts'
import type { ResetNotice } from '../../model/message.ts'
import { ByteWriter } from '../bytes/byte-writer.ts'
import { padded, payloadSections, textBytes, textEncodings, writePayloadHeader } from './payload.ts'
import type { ExceptionText, PayloadHeader, PayloadSections } from './payload.ts'
import type { Segment } from './segment.ts'

/** The rows of one batch, ready to be written into its frame. */
export interface EncodedRows {
  /** Updates. */
  readonly count: number
  /** Exact bytes of the payload. */
  readonly byteLength: number
  /** See `BatchHeader`. */
  readonly unpublished?: string
  readonly reset?: ResetNotice
  /** Fills `target`, of exactly `byteLength` bytes. Once: the memory of the rows is used again then. */
  writeTo(target: Buffer): void
}

/** A closed segment as rows of a batch. */
export class SealedRows implements EncodedRows {
  readonly count: number
  readonly byteLength: number
  private readonly segment: Segment
  private readonly header: PayloadHeader
  private readonly sections: PayloadSections
  private readonly dictionaries: Buffer
  private written = false

  constructor(segment: Segment) {
    this.segment = segment
    this.count = segment.updates
    this.dictionaries = writeDictionaries(segment)
    this.header = {
      updates: segment.updates,
      rows: segment.rows,
      shapeBytes: segment.plan.shapeBytes.length,
      dictionaryBytes: this.dictionaries.length,
      versions: segment.versions.length,
      heapBytes: segment.heap.length,
      exceptions: segment.exceptions.length,
      exceptionBytes: segment.exceptionBytes,
    }
    this.sections = payloadSections(this.header, segment.plan.layout.stride)
    this.byteLength = this.sections.end
  }

  writeTo(target: Buffer): void {
    assert(!this.written && target.length === this.byteLength, 'rows are written once, as they are')
    this.written = true
    const { segment, sections } = this
    const { scratch, plan } = segment
    writePayloadHeader(target, this.header)
    writePadded(target, sections.shape, plan.shapeBytes)
    writePadded(target, sections.dictionaries, this.dictionaries)
    writePadded(target, sections.flags, scratch.flags.subarray(0, segment.updates))
    let at = sections.versions
    for (const version of segment.versions) at = target.writeBigInt64LE(version, at)
    target.set(scratch.bytes.subarray(0, segment.rows * plan.layout.stride), sections.rows)
    target.latin1Write(segment.heap, sections.heap)
    at = sections.exceptions
    for (const exception of segment.exceptions) at = writeException(target, at, exception)
    segment.release()
  }
}

const dictionaryWriter = new ByteWriter()
const none = Buffer.alloc(0)

function writeDictionaries(segment: Segment): Buffer {
  if (segment.dictionaries.length === 0) return none
  dictionaryWriter.reset()
  for (const dictionary of segment.dictionaries) dictionary.writeTo(dictionaryWriter)
  return dictionaryWriter.copy()
}

function writePadded(target: Buffer, at: number, bytes: Uint8Array): void {
  target.set(bytes, at)
  for (let n = bytes.length; n < padded(bytes.length); n++) target[at + n] = 0
}

/** Row (u32) · field (u16) · encoding (u8) · 0 (u8) · bytes (u32) · text. */
function writeException(target: Buffer, from: number, exception: ExceptionText): number {
  const { wide, bytes } = textBytes(exception.text)
  let at = target.writeUInt32LE(exception.row, from)
  at = target.writeUInt16LE(exception.field, at)
  at = target.writeUInt8(wide ? textEncodings.utf16le : textEncodings.latin1, at)
  at = target.writeUInt8(0, at)
  at = target.writeUInt32LE(bytes, at)
  return at + (wide ? target.ucs2Write(exception.text, at) : target.latin1Write(exception.text, at))
}
