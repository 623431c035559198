import type { TransportEvent } from './transport.ts'

/** Counts what was refused, by reason, so that a flood of it makes one event a second, not a flood. */
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
