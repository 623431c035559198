import { datagramHeaderBytes, writeDatagramHeader } from './datagram.ts'
import { sealTagBytes } from './datagram-seal.ts'
import { firstHeadBytes, headBytesOf, recordHeadBytes, writeRecord } from './records.ts'
import type { SealingKeys } from './sealing-keys.ts'

/** A datagram with its number, ready to be sent. */
export interface NumberedDatagram {
  readonly sequence: number
  readonly bytes: Buffer
}

interface WriterOptions {
  readonly session: string
  readonly cluster: number
  /** Of a datagram at most. */
  readonly datagramBytes: number
  /** What seals them; null: they leave as they are. */
  readonly sealing: Pick<SealingKeys, 'epoch' | 'seal'> | null
}

/** A message is cut into the rest of a datagram only where so many bytes of it have room there. */
const leastPieceBytes = 64

/**
 * Fills datagrams with messages: small ones share one, and one that fits none is cut over consecutive ones. The last
 * piece shares its datagram with what follows.
 */
export class DatagramWriter {
  readonly #options: WriterOptions
  #open: Buffer | null = null
  #end = datagramHeaderBytes
  #last = 0
  #done: NumberedDatagram[] = []

  constructor(options: WriterOptions) {
    this.#options = options
  }

  message(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    if (bytes.length <= this.#most - datagramHeaderBytes - recordHeadBytes) this.#whole(bytes)
    else this.#cut(bytes)
  }

  /** The number of the datagram that what was written last is in, or ends in. */
  get written(): number {
    return this.#open === null ? this.#last : this.#last + 1
  }

  /** The datagram that is being filled is done. */
  close(): void {
    if (this.#open !== null) this.#finish(this.#open)
  }

  /**
   * One that says nothing, which has a number as all have. `bytes`: so long it is to be, where that has room for a piece;
   * it is the last one of no message, which a receiver drops.
   */
  idle(bytes = 0): void {
    this.close()
    const { datagramBytes } = this.#options
    const size = Math.min(bytes, datagramBytes) - (datagramBytes - this.#most)
    const padding = size - datagramHeaderBytes - recordHeadBytes
    const buffer = Buffer.alloc(Math.max(size, datagramHeaderBytes))
    if (padding > 0)
      this.#end = writeRecord(buffer, datagramHeaderBytes, 'final', Buffer.alloc(padding))
    this.#finish(buffer)
  }

  /** Those that are done and were not taken yet. */
  take(): NumberedDatagram[] {
    const done = this.#done
    if (done.length > 0) this.#done = []
    return done
  }

  get #most(): number {
    const { datagramBytes, sealing } = this.#options
    return sealing === null ? datagramBytes : datagramBytes - sealTagBytes
  }

  get #room(): number {
    return this.#most - this.#end
  }

  #whole(bytes: Uint8Array): void {
    if (recordHeadBytes + bytes.length > this.#room) this.close()
    this.#end = writeRecord(this.#buffer(), this.#end, 'whole', bytes)
    this.#closeIfFull()
  }

  #cut(bytes: Uint8Array): void {
    if (firstHeadBytes + leastPieceBytes > this.#room) this.close()
    for (let from = 0; from < bytes.length;) {
      const left = bytes.length - from
      const isFinal = from > 0 && recordHeadBytes + left <= this.#room
      const kind = from === 0 ? 'first' : isFinal ? 'final' : 'next'
      const size = Math.min(left, this.#room - headBytesOf(kind))
      const piece = bytes.subarray(from, from + size)
      this.#end = writeRecord(this.#buffer(), this.#end, kind, piece, bytes.length)
      from += size
      this.#closeIfFull()
    }
  }

  #closeIfFull(): void {
    if (this.#room <= recordHeadBytes) this.close()
  }

  #buffer(): Buffer {
    this.#open ??= Buffer.allocUnsafe(this.#most)
    return this.#open
  }

  #finish(buffer: Buffer): void {
    const { session, cluster, sealing } = this.#options
    const sequence = ++this.#last
    const epoch = sealing?.epoch ?? 0
    writeDatagramHeader(buffer, { kind: 'data', epoch, cluster, session, sequence })
    const open = buffer.subarray(0, this.#end)
    this.#done.push({ sequence, bytes: sealing?.seal(open) ?? open })
    this.#open = null
    this.#end = datagramHeaderBytes
  }
}
