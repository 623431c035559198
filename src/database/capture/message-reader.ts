import { TidingsError } from '../../base/tidings-error.ts'

/** What PostgreSQL sent is none of what its manual describes. */
export const malformed = (what: string): TidingsError =>
  new TidingsError('DATABASE_FAILED', `the replication stream cannot be read: ${what}`)

/** Reads the fields of one message in their order; throws DATABASE_FAILED where it ends too early. */
export class MessageReader {
  readonly #bytes: Buffer
  readonly #what: string
  #at = 0

  /** `what`: how errors name the message. */
  constructor(bytes: Buffer, what: string) {
    this.#bytes = bytes
    this.#what = what
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#take(1))
  }

  letter(): string {
    return String.fromCharCode(this.byte())
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  /** Of oids and transaction ids. */
  uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(4))
  }

  position(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8))
  }

  /** UTF-8 up to a zero byte. */
  text(): string {
    const from = this.#at
    const end = this.#bytes.indexOf(0, from)
    if (end < 0) throw this.#short()
    this.#at = end + 1
    return this.#bytes.toString('utf8', from, end)
  }

  /** UTF-8 of a length that stands before it. */
  value(): string {
    const length = this.int32()
    const from = this.#take(length)
    return this.#bytes.toString('utf8', from, from + length)
  }

  /** Throws where something is left over. */
  end(): void {
    if (this.#at !== this.#bytes.length)
      throw malformed(`${this.#bytes.length - this.#at} bytes too many in ${this.#what}`)
  }

  #take(length: number): number {
    const from = this.#at
    if (length < 0 || from + length > this.#bytes.length) throw this.#short()
    this.#at = from + length
    return from
  }

  #short(): TidingsError {
    return malformed(`${this.#what} ends at byte ${this.#bytes.length}, within a field`)
  }
}
