import type { ClockReading } from '../../model/node-setup.ts'

/** What was read, and when that was. */
interface Reading extends ClockReading {
  readonly at: number
}

/**
 * What the wall clocks of other nodes show, as each told with an answer. It was read between the question and the answer:
 * taken for the middle, it is wrong by half of that time at most, however long each way took. Time is an argument, on
 * the monotonic clock of this node.
 */
export class WallClocks {
  readonly #askedAt = new Map<string, number>()
  readonly #readings = new Map<string, Reading>()

  /** Of two questions under way the first counts: its answer comes first, and too long a time is no lie. */
  asked(node: string, now: number): void {
    if (!this.#askedAt.has(node)) this.#askedAt.set(node, now)
  }

  /** `told`: null, where it does not tell the time. */
  answered(node: string, told: ClockReading | null, now: number): void {
    const askedAt = this.#askedAt.get(node)
    this.#askedAt.delete(node)
    if (askedAt === undefined || told === null) return
    const half = (now - askedAt) / 2
    this.#readings.set(node, {
      wallClock: told.wallClock,
      withinMs: half + told.withinMs,
      at: askedAt + half,
    })
  }

  /** What it shows now; null: it has not told. */
  of(node: string, now: number): ClockReading | null {
    const reading = this.#readings.get(node)
    if (reading === undefined) return null
    return { wallClock: reading.wallClock + (now - reading.at), withinMs: reading.withinMs }
  }
}
