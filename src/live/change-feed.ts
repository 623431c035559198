import type { LiveState } from './live-condition.ts'
import type { LiveChange, LiveChanges } from './live-options.ts'
import { type ChangedRow, FoldedChanges } from './folded-changes.ts'
import type { RowTable } from './row-table.ts'

/** What one table has changed in a turn. */
export interface TableChanges {
  readonly table: RowTable
  readonly changes: readonly ChangedRow[]
}

/** Changes as the application gets them. */
export const changesOf = (all: readonly TableChanges[]): LiveChange[] =>
  all.flatMap(({ table, changes }) =>
    changes.map(({ before, after }) => {
      const record = (after ?? before) as object
      const kind = after === undefined ? 'delete' : before === undefined ? 'insert' : 'modify'
      const { key, name } = table.schema
      return { table: name, kind, key: key.valueOf(record), record, before }
    }),
  )

/**
 * Changes for an iterator. What it has not taken yet is folded, each row once, so that a slow one takes the memory of
 * the rows at most; it is in step again with one step.
 */
export class ChangeFeed implements AsyncIterator<LiveChanges, undefined> {
  readonly #state: () => LiveState
  readonly #ended: (feed: ChangeFeed) => void
  readonly #waiting = new Map<RowTable, FoldedChanges>()
  readonly #pulls: PromiseWithResolvers<IteratorResult<LiveChanges, undefined>>[] = []
  #hasNews = false
  #isEnded = false

  constructor(state: () => LiveState, ended: (feed: ChangeFeed) => void) {
    this.#state = state
    this.#ended = ended
  }

  add(all: readonly TableChanges[]): void {
    for (const { table, changes } of all) {
      let waiting = this.#waiting.get(table)
      if (!waiting) this.#waiting.set(table, (waiting = new FoldedChanges()))
      for (const { key, before, after } of changes) waiting.add(key, before, after)
    }
    this.#hasNews = true
    this.#pulls.shift()?.resolve({ done: false, value: this.#take() })
  }

  next(): Promise<IteratorResult<LiveChanges, undefined>> {
    if (this.#isEnded) return Promise.resolve({ done: true, value: undefined })
    if (this.#hasNews) return Promise.resolve({ done: false, value: this.#take() })
    const pull = Promise.withResolvers<IteratorResult<LiveChanges, undefined>>()
    this.#pulls.push(pull)
    return pull.promise
  }

  return(): Promise<IteratorResult<LiveChanges, undefined>> {
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#waiting.clear()
    for (const pull of this.#pulls.splice(0)) pull.resolve({ done: true, value: undefined })
    this.#ended(this)
  }

  #take(): LiveChanges {
    this.#hasNews = false
    const all = [...this.#waiting].map(([table, waiting]) => ({ table, changes: waiting.take() }))
    return { changes: changesOf(all), state: this.#state() }
  }
}
