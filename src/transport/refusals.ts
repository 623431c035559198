import type { TransportEvent } from './transport.ts'

/**
 * What was refused and not told yet, by reason. It is told together, once a second: a flood of bad frames must not push
 * all other events out of a feed.
 */
export class Refusals {
  readonly #counts = new Map<string, number>()

  count(reason: string): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1)
  }

  /** The counts since the last call. */
  take(): TransportEvent[] {
    const events: TransportEvent[] = []
    for (const [reason, count] of this.#counts) events.push({ type: 'refused', reason, count })
    this.#counts.clear()
    return events
  }
}
