import type { MulticastLimits } from './multicast-limits.ts'
import type { NumberedDatagram } from './datagram-writer.ts'

interface Kept {
  readonly bytes: Buffer
  readonly at: number
}

/** What was sent last, to repair with: a ring by number. Time is an argument. */
export class SentDatagrams {
  readonly #limits: Pick<MulticastLimits, 'keptDatagrams' | 'keptBytes' | 'keptMs'>
  readonly #ring: (Kept | undefined)[]
  #first = 1
  #last = 0
  #bytes = 0
  #bytesOfAll = 0

  constructor(limits: Pick<MulticastLimits, 'keptDatagrams' | 'keptBytes' | 'keptMs'>) {
    this.#limits = limits
    this.#ring = new Array<Kept | undefined>(limits.keptDatagrams)
  }

  /** The oldest that is kept; `last` + 1: none is. */
  get first(): number {
    return this.#first
  }

  /** The last that was sent; 0: none was. */
  get last(): number {
    return this.#last
  }

  /** Bytes of all that were ever sent. */
  get bytesOfAll(): number {
    return this.#bytesOfAll
  }

  /** They are sent, and so kept, without holes. */
  keep({ sequence, bytes }: NumberedDatagram, now: number): void {
    if (sequence - this.#first >= this.#limits.keptDatagrams) this.#letGo()
    this.#ring[sequence % this.#limits.keptDatagrams] = { bytes, at: now }
    this.#last = sequence
    this.#bytes += bytes.length
    this.#bytesOfAll += bytes.length
    this.letGo(now)
  }

  get(sequence: number): Buffer | undefined {
    if (sequence < this.#first || sequence > this.#last) return undefined
    return this.#ring[sequence % this.#limits.keptDatagrams]?.bytes
  }

  /** What is too old, or too much. */
  letGo(now: number): void {
    const { keptBytes, keptMs } = this.#limits
    for (let oldest = this.#oldest; oldest; oldest = this.#oldest) {
      if (this.#bytes <= keptBytes && now - oldest.at <= keptMs) return
      this.#letGo()
    }
  }

  get #oldest(): Kept | undefined {
    if (this.#first > this.#last) return undefined
    return this.#ring[this.#first % this.#limits.keptDatagrams]
  }

  #letGo(): void {
    const place = this.#first % this.#limits.keptDatagrams
    this.#bytes -= this.#ring[place]?.bytes.length ?? 0
    this.#ring[place] = undefined
    this.#first++
  }
}
