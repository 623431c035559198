import { type Random, seededRandom } from '../../base/random.ts'
import type { SimulatedClock } from './simulated-clock.ts'

/** How many of the datagrams between two nodes are lost; 1: the group is blocked. */
const lossRates = [0, 0, 0.01, 0.05, 0.2, 1]

/** Mean pause after which another rate holds between two nodes, milliseconds. */
const rateMs = 6_000

/** So many datagrams come twice, and so many late. */
const doubled = 0.03
const late = 0.03

/** How long a datagram takes at most, and a late one, milliseconds. */
const delayMs = 2
const lateMs = 60

/** Of so many datagrams a copy is sent by somebody else, up to so much later. */
const attacked = 0.05
const replayedMs = 2_000

interface GroupOptions {
  readonly seed: number
  readonly clock: SimulatedClock
  readonly nodes: number
  readonly isPartitioned: (a: number, b: number) => boolean
  /** Nobody takes what is not what a node has sent: somebody sends that, too. */
  readonly isSealed: boolean
  readonly arrived: (at: number, datagram: Buffer, from: number) => void
}

/** A group of UDP multicast: it loses datagrams, brings them twice, and out of order; how many it loses changes. */
export class SimulatedGroup {
  readonly #options: GroupOptions
  readonly #random: Random
  readonly #rates = new Map<string, number>()

  constructor(options: GroupOptions) {
    this.#options = options
    // Of its own, so that what else is drawn is the same without it.
    this.#random = seededRandom(options.seed + 3_000_000)
    for (let from = 0; from < options.nodes; from++)
      for (let to = 0; to < options.nodes; to++) if (from !== to) this.#changeRate(from, to)
  }

  send(from: number, datagram: Buffer): void {
    const { nodes, isPartitioned } = this.#options
    for (let to = 0; to < nodes; to++)
      if (to !== from && !isPartitioned(from, to)) this.#sendTo(to, datagram, from)
  }

  #sendTo(to: number, datagram: Buffer, from: number): void {
    if (this.#options.isSealed && this.#random() < attacked) this.#attack(to, datagram, from)
    if (this.#random() < (this.#rates.get(`${from}>${to}`) ?? 0)) return
    const { clock, arrived } = this.#options
    for (let copies = this.#random() < doubled ? 2 : 1; copies > 0; copies--) {
      const mostMs = this.#random() < late ? lateMs : delayMs
      clock.after(this.#random() * mostMs, () => arrived(to, datagram, from))
    }
  }

  /** Somebody beside the nodes hears all of it, and sends it again later, or with a bit of it changed. */
  #attack(to: number, datagram: Buffer, from: number): void {
    const { clock, arrived } = this.#options
    const forged = Buffer.from(datagram)
    if (this.#random() < 0.5) {
      const bit = Math.floor(this.#random() * 8 * forged.length)
      forged[bit >> 3] = (forged[bit >> 3] as number) ^ (1 << (bit & 7))
    }
    clock.after(this.#random() * replayedMs, () => arrived(to, forged, from))
  }

  #changeRate(from: number, to: number): void {
    const rate = lossRates[Math.floor(this.#random() * lossRates.length)] ?? 0
    this.#rates.set(`${from}>${to}`, rate)
    this.#options.clock.after(rateMs * 2 * this.#random(), () => this.#changeRate(from, to))
  }
}
