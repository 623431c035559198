import { isUtf8 } from 'node:buffer'
import type { RefusedReason } from '../refused.ts'

declare global {
  /** Methods of every Node.js Buffer that its type declarations leave out: no look-up of an encoding. */
  interface Buffer {
    latin1Slice(start?: number, end?: number): string
    ucs2Slice(start?: number, end?: number): string
    utf8Slice(start?: number, end?: number): string
    hexSlice(start?: number, end?: number): string
    latin1Write(text: string, offset?: number): number
    ucs2Write(text: string, offset?: number): number
    utf8Write(text: string, offset?: number): number
    hexWrite(text: string, offset?: number): number
  }
}

/** The same bytes with Buffer's methods. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Reads foreign bytes without ever throwing: what does not fit sets `problem`, and from then on all
 * reads give zeros and empty texts. So a decoder reads on in a straight line and looks once at the
 * end; only before it loops or allocates by a count must it look (`count()` does).
 */
export class ByteReader {
  readonly buffer: Buffer
  at: number
  readonly end: number
  problem: RefusedReason | null = null

  constructor(buffer: Buffer, from: number, end: number = buffer.length) {
    this.buffer = buffer
    this.at = from
    this.end = end
  }

  refuse(reason: RefusedReason): void {
    this.problem ??= reason
    this.at = this.end
  }

  u8(): number {
    if (!this.has(1)) return 0
    return this.buffer[this.at++] as number
  }

  u16(): number {
    if (!this.has(2)) return 0
    const value = this.buffer.readUInt16LE(this.at)
    this.at += 2
    return value
  }

  u32(): number {
    if (!this.has(4)) return 0
    const value = this.buffer.readUInt32LE(this.at)
    this.at += 4
    return value
  }

  f64(): number {
    if (!this.has(8)) return 0
    const value = this.buffer.readDoubleLE(this.at)
    this.at += 8
    return value
  }

  /** A safe integer of at least `least`; see ByteWriter.varint(). */
  varint(least = 0): number {
    let value = 0
    let scale = 1
    for (let n = 0; n < 8; n++) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (this.problem === null && (value > Number.MAX_SAFE_INTEGER || value < least)) {
          this.refuse('bad-number')
        }
        return this.problem === null ? value : 0
      }
      scale *= 128
    }
    this.refuse('bad-number')
    return 0
  }

  /** A number of things that take at least `bytesEach` bytes each, checked against those at hand. */
  count(bytesEach: number, least = 0, most = Infinity): number {
    const count = this.varint(least)
    if (count <= most && count * bytesEach <= this.end - this.at) return count
    this.refuse('bad-count')
    return 0
  }

  /** UTF-8 of `least` to `most` bytes behind its length. */
  text(least: number, most: number): string {
    const bytes = this.varint()
    if (bytes < least || bytes > most) this.refuse('bad-text')
    return this.utf8(bytes)
  }

  utf8(bytes: number): string {
    if (!this.has(bytes)) return ''
    const from = this.at
    this.at += bytes
    const text = this.buffer.utf8Slice(from, this.at)
    if (text.includes('\ufffd') && !isUtf8(this.buffer.subarray(from, this.at))) {
      this.refuse('bad-text')
    }
    return text
  }

  /** 16 bytes as 32 hexadecimal digits. */
  id(): string {
    if (!this.has(16)) return ''
    const from = this.at
    this.at += 16
    return this.buffer.hexSlice(from, this.at)
  }

  /** Where the next bytes begin, which are not looked at. */
  skip(bytes: number): number {
    const from = this.at
    if (this.has(bytes)) this.at += bytes
    return from
  }

  private has(bytes: number): boolean {
    if (this.problem === null && bytes <= this.end - this.at) return true
    this.refuse('bad-length')
    return false
  }
}
