import type { Loss } from '../model/loss.ts'
import type { Update } from '../model/update.ts'
import type { LostCount, QueueEvent, QueueStats } from './queue-event.ts'

type Counted = Pick<
  QueueStats,
  'delivered' | 'filtered' | 'folded' | 'losses' | 'lost' | 'refused' | 'behind' | 'repaired'
>

/** Updates of one table. */
class TableCount {
  readonly table: string
  updates = 0

  constructor(table: string) {
    this.table = table
  }
}

/** What one queue counts about what it was given and what it gave. */
export class Counters {
  readonly #refused = new Map<string, number>()
  readonly #delivered = { updates: 0, deliveries: 0 }
  readonly #byTable = new Map<string, TableCount>()
  /** The one that was counted last: the next update is often of the same. */
  #last = new TableCount('')
  readonly #lost = new Map<string, { -readonly [Field in keyof LostCount]: LostCount[Field] }>()
  #filtered = 0
  #folded = 0
  #losses = 0
  #behind = 0
  #repaired = 0

  delivered(updates: readonly Update[]): void {
    this.#delivered.updates += updates.length
    this.#delivered.deliveries++
    for (const { table } of updates) {
      if (table !== this.#last.table) this.#last = this.#of(table)
      this.#last.updates++
    }
  }

  filtered(updates: number): void {
    this.#filtered += updates
  }

  folded(updates: number): void {
    this.#folded += updates
  }

  /** What events tell. */
  count(event: QueueEvent): void {
    if (event.type === 'loss') this.#countLosses(event.losses)
    else if (event.type === 'refused') this.refused(event.reason, event.count)
    else if (event.type === 'behind') this.#behind++
    else if (event.type === 'repaired') this.#repaired++
  }

  refused(reason: string, count = 1): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + count)
  }

  /** Updates delivered, by table. */
  get byTable(): Iterable<TableCount> {
    return this.#byTable.values()
  }

  get snapshot(): Counted {
    return {
      delivered: { ...this.#delivered },
      filtered: this.#filtered,
      folded: this.#folded,
      losses: this.#losses,
      lost: Array.from(this.#lost.values(), (count) => ({ ...count })),
      behind: this.#behind,
      repaired: this.#repaired,
      refused: Object.fromEntries(this.#refused),
    }
  }

  #countLosses(losses: readonly Loss[]): void {
    this.#losses += losses.length
    for (const { table, reason, from, to, ends } of losses) {
      const key = JSON.stringify([table, reason])
      const count = this.#lost.get(key) ?? { table, reason, losses: 0, updates: 0 }
      if (!ends) count.losses++
      if (from !== null && to !== null) count.updates += Math.max(0, to - from + 1)
      this.#lost.set(key, count)
    }
  }

  #of(table: string): TableCount {
    let count = this.#byTable.get(table)
    if (!count) this.#byTable.set(table, (count = new TableCount(table)))
    return count
  }
}
