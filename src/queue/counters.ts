import type { QueueStats } from './queue-event.ts'

/** What one queue counts about what it was given and what it gave. */
export class Counters {
  readonly #refused = new Map<string, number>()
  readonly #delivered = { updates: 0, deliveries: 0 }
  #filtered = 0
  #folded = 0
  #losses = 0

  delivered(updates: number): void {
    this.#delivered.updates += updates
    this.#delivered.deliveries++
  }

  filtered(updates: number): void {
    this.#filtered += updates
  }

  folded(updates: number): void {
    this.#folded += updates
  }

  lost(losses: number): void {
    this.#losses += losses
  }

  refused(reason: string, count = 1): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + count)
  }

  get snapshot(): Pick<QueueStats, 'delivered' | 'filtered' | 'folded' | 'losses' | 'refused'> {
    return {
      delivered: { ...this.#delivered },
      filtered: this.#filtered,
      folded: this.#folded,
      losses: this.#losses,
      refused: Object.fromEntries(this.#refused),
    }
  }
}
