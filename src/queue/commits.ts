import { AsyncLocalStorage } from 'node:async_hooks'
import { asTidingsError, TidingsError } from '../base/tidings-error.ts'
import type { Published } from '../model/published.ts'
import type { NewChange } from '../model/reset.ts'
import type { TablesOf } from '../model/update.ts'
import { maxCommitTables } from '../publisher/open-parcel.ts'
import type { Publisher } from '../publisher/publisher.ts'
import type { PublisherLimits } from '../publisher/publisher-limits.ts'
import type { RecordReading } from '../publisher/record-reading.ts'
import { CommitDraft } from './commit-draft.ts'
import { checkCommit } from './option-checks.ts'

/**
 * Notes changes of the transaction that runs: they are published if it commits. The type is that of a method, so that a queue of
 * some tables can be given to who takes one of any, as its other methods allow.
 */
export type Changed<Tables extends TablesOf = Record<string, object>> = {
  changed(changes: NewChange<Tables> | readonly NewChange<Tables>[]): void
}['changed']

/** Runs a transaction, and notes its changes. */
export type Transaction<Value, Tables extends TablesOf = Record<string, object>> = (
  changed: Changed<Tables>,
) => Value | PromiseLike<Value>

/** What `commit()` takes beside the transaction. An option that is undefined is not given. */
export interface CommitOptions {
  /** Called with what was published, before `commit()` resolves; not where nothing was. */
  readonly onPublished?: ((published: Published) => void) | undefined
}

/** The call that runs in what is executed now, and in all that this has begun. */
const running = new AsyncLocalStorage<OpenCommit>()

/**
 * Notes changes of the transaction of the `commit()` call within which it is called, of whatever queue that is. Throws
 * USAGE outside of one and where that has ended, and as `publish()` what cannot travel.
 */
export function changed<Tables extends TablesOf = Record<string, object>>(
  changes: NewChange<Tables> | readonly NewChange<Tables>[],
): void {
  const commit = running.getStore()
  if (!commit)
    throw new TidingsError(
      'USAGE',
      'changed() was called outside of commit(): call it from the function that commit() runs, or from what that calls',
    )
  commit.changed(changes as NewChange | readonly NewChange[])
}

/** One call of `commit()`; nested ones have the draft of the outermost. */
class OpenCommit {
  readonly owner: Commits
  /** The call of the same queue that it joins. */
  readonly outer: OpenCommit | null
  /** That within which it runs, of whatever queue. */
  readonly around: OpenCommit | null = running.getStore() ?? null
  readonly draft: CommitDraft<OpenCommit>
  readonly onPublished: CommitOptions['onPublished'][] = []
  readonly #reading: RecordReading
  #state: 'open' | 'fulfilled' | 'rejected' = 'open'

  constructor(
    owner: Commits,
    outer: OpenCommit | null,
    draft: CommitDraft<OpenCommit>,
    reading: RecordReading,
  ) {
    this.owner = owner
    this.outer = outer
    this.draft = draft
    this.#reading = reading
  }

  /** Changes are taken: neither it nor one that it is in has ended. */
  get isOpen(): boolean {
    return this.#state === 'open' && (this.outer?.isOpen ?? true)
  }

  /** Its changes are those of a transaction that was not rolled back. */
  get counts(): boolean {
    return this.#state === 'fulfilled' && (this.outer?.counts ?? true)
  }

  settle(state: 'fulfilled' | 'rejected'): void {
    this.#state = state
  }

  readonly changed: Changed = (changes) => {
    this.#reading.check('changed()')
    if (this.owner.areOver)
      throw new TidingsError(
        'CLOSED',
        'the queue was closed while this commit() was open: roll the transaction back, nobody would be told of it',
      )
    if (!this.isOpen)
      throw new TidingsError(
        'USAGE',
        'changed() was called when its commit() had ended: await what calls it before the function of commit() returns',
      )
    this.#reading.begin()
    try {
      if (Array.isArray(changes)) for (const change of changes) this.draft.add(change, this)
      else this.draft.add(changes as NewChange, this)
    } finally {
      this.#reading.end()
    }
  }
}

/** The calls of `commit()` of one queue. */
export class Commits {
  readonly #publisher: Pick<Publisher, 'identity' | 'reading'>
  readonly #maxBytes: number
  readonly #publishAll: (changes: readonly NewChange[]) => Published
  /** Outermost calls of which nothing is published yet. */
  #open = 0
  #onNoneOpen: (() => void) | null = null
  #areOver = false

  constructor(
    publisher: Pick<Publisher, 'identity' | 'reading'>,
    { maxCommitBytes }: Pick<PublisherLimits, 'maxCommitBytes'>,
    publishAll: (changes: readonly NewChange[]) => Published,
  ) {
    this.#publisher = publisher
    this.#maxBytes = maxCommitBytes
    this.#publishAll = publishAll
  }

  /** We are within a call that is open. */
  get isWithin(): boolean {
    return this.#open > 0 && this.#running() !== null
  }

  /** The queue has left: what is still open is published no more. */
  get areOver(): boolean {
    return this.#areOver
  }

  /** Throws USAGE within a call: what was published then would be told before it is committed. */
  check(call: string, instead = 'call changed() instead'): void {
    if (!this.isWithin) return
    throw new TidingsError(
      'USAGE',
      `${call} was called within commit(), before the transaction has committed: ${instead}`,
    )
  }

  async run<Value>(work: Transaction<Value>, options: CommitOptions): Promise<Value> {
    checkCommit(work, options)
    const { identity, reading } = this.#publisher
    const outer = this.#running()
    const draft = outer?.draft ?? new CommitDraft<OpenCommit>(identity, this.#maxBytes)
    const commit = new OpenCommit(this, outer, draft, reading)
    outermostOf(commit).onPublished.push(options.onPublished)
    if (outer) return this.#runOne(commit, work)
    this.#open++
    try {
      const value = await this.#runOne(commit, work)
      const published = this.#publish(draft)
      if (published) for (const tell of commit.onPublished) tell?.(published)
      return value
    } finally {
      this.#open--
      if (this.#open === 0) this.#onNoneOpen?.()
    }
  }

  /** Resolves when no call is open, or `timeUp` does; true: none is. Nothing is published from then on. */
  async end(timeUp: Promise<void>): Promise<boolean> {
    if (this.#open > 0)
      await Promise.race([new Promise<void>((resolve) => (this.#onNoneOpen = resolve)), timeUp])
    this.over()
    return this.#open === 0
  }

  /** Nothing is published any more: who notes a change of what is still open is told. */
  over(): void {
    this.#areOver = true
  }

  async #runOne<Value>(commit: OpenCommit, work: Transaction<Value>): Promise<Value> {
    try {
      const value = await running.run(commit, () => work(commit.changed))
      commit.settle('fulfilled')
      return value
    } catch (error) {
      commit.settle('rejected')
      throw error
    }
  }

  /** The innermost open call of this queue within which we are. */
  #running(): OpenCommit | null {
    for (let commit = running.getStore() ?? null; commit; commit = commit.around)
      if (commit.owner === this && commit.isOpen) return commit
    return null
  }

  #publish(draft: CommitDraft<OpenCommit>): Published | null {
    const changes = draft.changes(({ counts }) => counts)
    if (changes.length === 0) return null
    try {
      return this.#publishAll(changes)
    } catch (error) {
      return this.#publishResets(draft, error)
    }
  }

  /** The transaction has committed: what a queue does not take of it is told as resets, in as many commits as it takes. */
  #publishResets(draft: CommitDraft<OpenCommit>, error: unknown): Published | null {
    const refused = asTidingsError(error)
    if (refused?.code !== 'COMMIT_TOO_LARGE' && refused?.code !== 'LIMIT_EXCEEDED')
      throw (
        refused?.at('the transaction has committed, and its changes were not published') ?? error
      )
    const resets = draft.resets(refused.text)
    let published: Published | null = null
    for (let from = 0; from < resets.length; from += maxCommitTables)
      published = this.#publishAll(resets.slice(from, from + maxCommitTables))
    return published
  }
}

function outermostOf(commit: OpenCommit): OpenCommit {
  let outermost = commit
  while (outermost.outer) outermost = outermost.outer
  return outermost
}
