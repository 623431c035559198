import { TidingsError } from '../../base/tidings-error.ts'

const initialBytes = 1024

/** Writes the numbers and texts of a header to a growing buffer that is used again and again. */
export class ByteWriter {
  private buffer = Buffer.allocUnsafeSlow(initialBytes)
  private end = 0

  get length(): number {
    return this.end
  }

  reset(): this {
    this.end = 0
    return this
  }

  /** What was written: a view, valid until the next write. */
  view(): Buffer {
    return this.buffer.subarray(0, this.end)
  }

  copy(): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.end)
    this.buffer.copy(copy, 0, 0, this.end)
    return copy
  }

  u8(value: number): void {
    this.room(1)
    this.buffer[this.end++] = value
  }

  u16(value: number): void {
    this.room(2)
    this.end = this.buffer.writeUInt16LE(value, this.end)
  }

  u32(value: number): void {
    this.room(4)
    this.end = this.buffer.writeUInt32LE(value, this.end)
  }

  setU32(at: number, value: number): void {
    this.buffer.writeUInt32LE(value, at)
  }

  f64(value: number): void {
    this.room(8)
    this.end = this.buffer.writeDoubleLE(value, this.end)
  }

  /** An integer of 0 to 2^53 − 1 in groups of 7 bits, lowest first (unsigned LEB128). */
  varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new TidingsError('USAGE', `${value} is no integer of 0 to 2^53 - 1`)
    }
    this.room(8)
    let rest = value
    while (rest > 0x7fffffff) {
      this.buffer[this.end++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    while (rest > 0x7f) {
      this.buffer[this.end++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.buffer[this.end++] = rest
  }

  /** UTF-8 behind its length as a varint. */
  text(value: string): void {
    const bytes = Buffer.byteLength(value, 'utf8')
    this.varint(bytes)
    this.room(bytes)
    this.end += this.buffer.utf8Write(value, this.end)
  }

  bytes(value: Uint8Array): void {
    this.room(value.length)
    this.buffer.set(value, this.end)
    this.end += value.length
  }

  /** 32 hexadecimal digits as 16 bytes. */
  id(hex: string): void {
    this.room(16)
    if (hex.length !== 32 || this.buffer.hexWrite(hex, this.end) !== 16) {
      throw new TidingsError('USAGE', `'${hex}' is not an id of 32 hexadecimal digits`)
    }
    this.end += 16
  }

  /** Zeros up to the next multiple of `alignment`. */
  align(alignment: number): void {
    this.room(alignment)
    while (this.end % alignment !== 0) this.buffer[this.end++] = 0
  }

  private room(bytes: number): void {
    if (this.end + bytes <= this.buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.end + bytes))
    this.buffer.copy(grown, 0, 0, this.end)
    this.buffer = grown
  }
}
