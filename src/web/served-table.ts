import type { TidingsError } from '../base/tidings-error.ts'
import type { LiveState } from '../live/live-condition.ts'
import type { LiveChanges } from '../live/live-options.ts'
import type { KeyFields } from '../queue/table-fields.ts'

/** What is needed of a live table, whatever rows it has. */
export interface ServedTable {
  readonly key: KeyFields
  readonly state: LiveState
  readonly closed: Promise<TidingsError | undefined>
  get(key: unknown): object | undefined
  values(): IterableIterator<object>
  subscribe(listener: (event: LiveChanges) => unknown): () => void
}
