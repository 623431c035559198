import { Deque } from '../../base/deque.ts'
import type { CapturedTransaction } from './transaction-assembly.ts'

/** What has come from the database: a transaction, or that there was nothing for us up to a position. */
export type Arrival = CapturedTransaction | { readonly position: bigint }

/** What has come and is not published yet, in its order. */
export class ArrivedChanges {
  readonly #arrivals = new Deque<Arrival>()
  #bytes = 0
  #isEnded = false
  #wake: () => void = () => undefined

  /** What waits here takes so much, about. */
  get bytes(): number {
    return this.#bytes
  }

  addTransaction(transaction: CapturedTransaction): void {
    this.#arrivals.push(transaction)
    this.#bytes += transaction.bytes
    this.#wake()
  }

  /** Positions that follow each other are one. */
  addPosition(position: bigint): void {
    const last = this.#arrivals.at(-1)
    if (last && 'position' in last) this.#arrivals.pop()
    this.#arrivals.push({ position })
    this.#wake()
  }

  /** Nothing more will come, and what is here is not wanted any more. */
  end(): void {
    this.#isEnded = true
    this.#wake()
  }

  /** The next one; it waits here until it is taken with `shift()`. null: it has ended. */
  async first(): Promise<Arrival | null> {
    while (!this.#isEnded && this.#arrivals.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
    return this.#isEnded ? null : (this.#arrivals.at(0) ?? null)
  }

  shift(): void {
    const first = this.#arrivals.shift()
    if (first && 'rows' in first) this.#bytes -= first.bytes
  }
}
