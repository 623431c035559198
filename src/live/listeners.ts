import type { LiveState } from './live-condition.ts'
import { ChangeFeed, changesOf, type TableChanges } from './change-feed.ts'
import type { LiveChanges } from './live-options.ts'

type Listener = (event: LiveChanges) => unknown

/** Who is told of the changes of one table, or of several together. */
export class Listeners {
  readonly #state: () => LiveState
  readonly #changed: () => void
  readonly #failed: (error: unknown) => void
  readonly #listeners = new Set<{ readonly listener: Listener }>()
  readonly #feeds = new Set<ChangeFeed>()

  /** `changed`: there are others than before, or none. `failed`: one has thrown. */
  constructor(state: () => LiveState, changed: () => void, failed: (error: unknown) => void) {
    this.#state = state
    this.#changed = changed
    this.#failed = failed
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0 && this.#feeds.size === 0
  }

  subscribe(listener: Listener): () => void {
    // The same function may be given twice.
    const entry = { listener }
    this.#listeners.add(entry)
    this.#changed()
    return () => {
      this.#listeners.delete(entry)
      this.#changed()
    }
  }

  read(): ChangeFeed {
    const feed = new ChangeFeed(this.#state, (ended) => {
      this.#feeds.delete(ended)
      this.#changed()
    })
    this.#feeds.add(feed)
    this.#changed()
    return feed
  }

  tell(all: readonly TableChanges[]): void {
    for (const feed of this.#feeds) feed.add(all)
    if (this.#listeners.size === 0) return
    const event = { changes: changesOf(all), state: this.#state() }
    for (const { listener } of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#failed(error)
      }
    }
  }

  end(): void {
    for (const feed of this.#feeds) feed.end()
    this.#listeners.clear()
  }
}
