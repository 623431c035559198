import { inBackground } from '../../base/background.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { NewChange } from '../../model/reset.ts'
import { schemaAndTable } from '../changed-table.ts'
import { descendingVersions } from '../commit-versions.ts'
import type { PgClient, PgInnerClient, PgNotice, ValueReader } from './pg-parts.ts'
import { type CommittedChanges, SessionChanges, type SessionStatus } from './session-changes.ts'
import { recordOf, type ToldRow } from './told-row.ts'
import { adapterMark, markSession, notifyChanged, unmarkSession } from './trigger-names.ts'

/** What is to be done with what a session has committed. */
export interface SessionHandlers {
  /** A commit, with resets of what is in doubt of it. */
  commit(changes: readonly NewChange[], session: CommitSession): void
  /** Something was committed, or may have been, and nobody knows what. */
  unknown(why: string): void
  /** The connection has ended. */
  ended(session: CommitSession): void
  failed(error: unknown): void
}

/** The most of a transaction that is kept until it commits, bytes: of a commit of more a queue takes no part. */
const maxTransactionBytes = 32 * 1024 * 1024

/**
 * One connection of pg whose commits are published: it listens to what the server says to pg, and pg works as it did.
 * The server tells changes to a session with our mark in its `application_name`; where the application sets that anew,
 * it is given the mark again between two transactions.
 */
export class CommitSession {
  readonly #client: PgClient
  readonly #handlers: SessionHandlers
  readonly #changes = new SessionChanges(maxTransactionBytes)
  #wantsMark = false
  #isMarked = false
  #isMarking = false
  #hasEnded = false

  /** Throws USAGE where it is no client of pg in JavaScript. */
  constructor(client: PgClient, handlers: SessionHandlers) {
    const { connection } = client as PgInnerClient
    if (typeof connection?.prependListener !== 'function')
      throw new TidingsError(
        'USAGE',
        'publishCommits() needs the JavaScript client of pg, version 8: this one (pg.native, or another package) does not show what the server says',
      )
    this.#client = client
    this.#handlers = handlers
    // Ours are of no interest to whoever logs notices.
    const others = connection.listeners('notice') as ((notice: PgNotice) => void)[]
    connection.removeAllListeners('notice')
    connection.on('notice', (notice: PgNotice) => {
      if (!this.#changes.onNotice(notice)) for (const listener of others) listener(notice)
    })
    // Before pg's own: when the promise of a statement resolves, what it has committed is published.
    connection.prependListener('commandComplete', ({ text }: { text: string }) =>
      this.#take(this.#changes.onComplete(text)),
    )
    connection.prependListener('errorMessage', () => this.#changes.onError())
    connection.prependListener('readyForQuery', ({ status }: { status: SessionStatus }) => {
      this.#take(this.#changes.onReady(status))
      if (status === 'I' && this.#wantsMark !== this.#isMarked) this.#setMark()
    })
    connection.on('parameterStatus', ({ parameterName, parameterValue }: ParameterStatus) => {
      if (parameterName === 'application_name')
        this.#isMarked = parameterValue.endsWith(adapterMark)
    })
    connection.prependListener('end', () => this.#onEnd())
  }

  /** From the next transaction on its changes are told to it. */
  async mark(): Promise<void> {
    this.#wantsMark = true
    await this.#runMark()
  }

  /** From the next transaction on its changes are those of a session without the adapter. */
  unmark(): void {
    this.#wantsMark = false
    if (!this.#isBusy) this.#setMark()
  }

  /** Says to all listeners that these tables have changed: as triggers do in a session without the adapter. */
  notify(tables: readonly string[]): void {
    const payloads = tables.map((table) => JSON.stringify(schemaAndTable(table)))
    inBackground(this.#client.query(notifyChanged, [payloads]), (error) =>
      this.#handlers.failed(error),
    )
  }

  /** A statement is under way. */
  get #isBusy(): boolean {
    return (this.#client as PgInnerClient).readyForQuery === false
  }

  /** Beside the statements of the application. */
  #setMark(): void {
    inBackground(this.#runMark(), (error) => {
      // A connection that is being closed needs no mark.
      if (this.#wantsMark) this.#handlers.failed(error)
    })
  }

  async #runMark(): Promise<void> {
    if (this.#isMarking || this.#hasEnded) return
    this.#isMarking = true
    const wanted = this.#wantsMark
    try {
      await this.#client.query(wanted ? markSession : unmarkSession)
      // Also where nobody tells us of the parameter: then it is tried once.
      this.#isMarked = wanted
    } finally {
      this.#isMarking = false
    }
  }

  #take(committed: CommittedChanges | null): void {
    if (!committed) return
    if (committed.isUnknown) this.#handlers.unknown('a prepared transaction was committed')
    const changes = changesOf(committed, (type) => this.#client.getTypeParser(type, 'text'))
    if (changes.length > 0) this.#handlers.commit(changes, this)
  }

  #onEnd(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    if (this.#isBusy)
      this.#handlers.unknown('a connection was lost amid a statement, which may have committed')
    this.#handlers.ended(this)
  }
}

interface ParameterStatus {
  readonly parameterName: string
  readonly parameterValue: string
}

/** What was committed as a commit of the queue. */
function changesOf(
  { rows, doubts }: CommittedChanges,
  readerOf: (type: number) => ValueReader,
): NewChange[] {
  const versions = descendingVersions(rows.map(({ position }) => position))
  const unread = new Map(doubts)
  const changes = rows.map((row, index) => {
    const change = changeOf(row, versions[index] as bigint, readerOf)
    if (!change) unread.set(row.relation.table, 'a row that was told cannot be read')
    return change
  })
  return [
    ...changes.filter((change) => change !== null && !unread.has(change.table)),
    ...Array.from(unread, ([table, reason]): NewChange => ({ table, kind: 'reset', reason })),
  ] as NewChange[]
}

/** Null: it cannot be read, as where a reader of the application throws. */
function changeOf(
  { kind, relation, row, before }: ToldRow,
  version: bigint,
  readerOf: (type: number) => ValueReader,
): NewChange | null {
  const { table } = relation
  try {
    const record = recordOf(row, relation, readerOf)
    if (!record) return null
    const previous = before === null ? undefined : recordOf(before, relation, readerOf)
    if (previous === null) return null
    return { table, kind, record, version, ...(previous && { before: previous }) }
  } catch {
    return null
  }
}
