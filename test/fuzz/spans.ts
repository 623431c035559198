/** A field of an encoded message: where it stands and how it is written. */
export interface Span {
  readonly at: number
  readonly end: number
  readonly type: 'u8' | 'u16' | 'u32' | 'f64' | 'varint' | 'bytes'
  /** It says how many things or bytes follow. */
  readonly isCount: boolean
}

const fixedBytes = { u8: 1, u16: 2, u32: 4, f64: 8 } as const

/** Walks over bytes and notes the fields; what does not fit ends the walk. */
export class SpanWalk {
  readonly spans: Span[] = []
  readonly bytes: Buffer
  readonly end: number
  readonly isBigEndian: boolean
  at: number
  failed = false

  constructor(bytes: Buffer, at: number, end = bytes.length, isBigEndian = false) {
    this.bytes = bytes
    this.at = at
    this.end = Math.min(end, bytes.length)
    this.isBigEndian = isBigEndian
  }

  fixed(type: keyof typeof fixedBytes, isCount = false): number {
    const size = fixedBytes[type]
    if (!this.#note(size, type, isCount)) return 0
    const at = this.at - size
    if (type === 'f64') return 0
    return this.isBigEndian ? this.bytes.readUIntBE(at, size) : this.bytes.readUIntLE(at, size)
  }

  varint(isCount = false): number {
    let value = 0
    for (let n = 0; n < 8 && this.at + n < this.end; n++) {
      const byte = this.bytes[this.at + n] as number
      value += (byte & 0x7f) * 128 ** n
      if (byte < 0x80) return this.#note(n + 1, 'varint', isCount) ? value : 0
    }
    this.failed = true
    return 0
  }

  raw(length: number): void {
    this.#note(length, 'bytes', false)
  }

  /** As many as `count` says, while the walk goes on. */
  times(count: number, item: () => void): void {
    for (let left = count; left > 0 && !this.failed; left--) item()
  }

  #note(length: number, type: Span['type'], isCount: boolean): boolean {
    if (this.failed || this.at + length > this.end) {
      this.failed = true
      return false
    }
    this.spans.push({ at: this.at, end: this.at + length, type, isCount })
    this.at += length
    return true
  }
}
