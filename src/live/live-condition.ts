/**
 * `reading`: until the table was read, and what this left in doubt;
 * `live`: all that was told is in the rows;
 * `stale`: something was lost, or a read has failed, and the rows have not been read again since;
 * `closed`: the rows are not kept any more.
 */
export type LiveState = 'reading' | 'live' | 'stale' | 'closed'

/** The state of one table. docs/PROTOCOL.md has its states and events. */
export class LiveCondition {
  /** What is missing before it is live for the first time. */
  #opening: 'all' | 'doubts' | null = 'all'
  /** A read that has not begun yet is owed: what is under way may be older than what was lost. */
  #isReadOwed = false
  #staleSince: number | null = null
  #isClosed = false

  get state(): LiveState {
    if (this.#isClosed) return 'closed'
    if (this.#opening !== null) return 'reading'
    return this.#staleSince === null ? 'live' : 'stale'
  }

  /** null: it is not stale. */
  get staleSince(): number | null {
    return this.state === 'stale' ? this.#staleSince : null
  }

  /** Something was lost: reads that begin from now on show it. */
  lost(now: number): void {
    this.#isReadOwed = true
    this.#staleSince ??= now
  }

  /** A round begins that reads all that is to be read of this table. */
  begun(): void {
    this.#isReadOwed = false
  }

  /** It is done. `hasDoubts`: something has to be read once more. */
  done(hasDoubts: boolean): void {
    if (this.#isReadOwed) return
    this.#staleSince = null
    this.#opening = this.#opening === 'all' && hasDoubts ? 'doubts' : null
  }

  failed(now: number): void {
    this.lost(now)
  }

  closed(): void {
    this.#isClosed = true
  }
}
