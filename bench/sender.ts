import { setImmediate as turn } from 'node:timers/promises'
import type { PublishingEnd, Seat } from './peers/peer.ts'
import { rowMaker } from './workload.ts'

/** The most that is published in one turn of the event loop. */
const mostPerTurn = 1000
/** Updates of which a window consists: one is taken while the next is filled. */
const window = 20_000
/** The same where the product has its own flow control: about 16 MiB of JSON. */
const perFlush = 65_536

/** Updates by their number: `from` and all below `to`. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** How far each subscriber has come with what this publisher sent. */
export class Acknowledgements {
  readonly #taken: number[]
  #wake: () => void = () => undefined

  constructor(subscribers: number) {
    this.#taken = Array.from({ length: subscribers }, () => 0)
  }

  take(subscriber: number, updates: number): void {
    this.#taken[subscriber] = updates
    this.#wake()
  }

  /** Resolves when the slowest subscriber has come so far. */
  async reach(updates: number): Promise<void> {
    while (Math.min(...this.#taken) < updates)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }
}

/** Publishes as fast as the subscribers take. */
export async function sendAll(
  end: PublishingEnd,
  seat: Seat,
  { from, to }: Range,
  perTurn: number,
  acknowledgements: Acknowledgements,
): Promise<void> {
  const make = rowMaker(seat.rows)
  const windowOf = end.flush ? perFlush : window
  let confirmed: Promise<void> = Promise.resolve()
  for (let index = from; index < to; index++) {
    const sending = end.publish(make(index))
    if (sending) await sending
    if (index % windowOf === windowOf - 1) {
      if (end.flush) {
        await confirmed
        confirmed = end.flush()
      } else {
        await turn()
        await acknowledgements.reach(index + 1 - window)
      }
    } else if (index % perTurn === perTurn - 1) await turn()
  }
  await confirmed
  await end.drain()
}

/**
 * Publishes at a fixed rate. Each update carries the time at which it was due, microseconds: what a
 * publisher that falls behind delays counts as latency (no coordinated omission).
 */
export async function sendAtRate(
  end: PublishingEnd,
  seat: Seat,
  { from, to }: Range,
  rate: number,
): Promise<void> {
  const make = rowMaker(seat.rows)
  const microsecondsEach = 1e6 / rate
  const startedAt = Number(process.hrtime.bigint() / 1000n)
  for (let index = from; index < to;) {
    const elapsed = Number(process.hrtime.bigint() / 1000n) - startedAt
    const due = Math.min(to, from + Math.floor(elapsed / microsecondsEach) + 1, index + mostPerTurn)
    for (; index < due; index++) {
      const record = make(index)
      record.NOTIONAL = startedAt + Math.floor((index - from) * microsecondsEach)
      const sending = end.publish(record)
      if (sending) await sending
    }
    await turn()
  }
  await end.drain()
}
