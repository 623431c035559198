import type { Session } from 'node:sqlite'
import type { NewChange } from '../../model/reset.ts'
import type { PlainCalls } from './plain-calls.ts'
import { rowChanges } from './row-changes.ts'
import { RowCounts, toldFunction } from './row-counts.ts'
import { RowValues } from './row-values.ts'
import type { StatementKind } from './statement-kind.ts'
import { shapeOf, tableNamesOf, type TableShape } from './table-shape.ts'

/** A changeset beyond this is told as resets: as updates it would be more than a commit may have. */
const maxChangesetBytes = 32 * 1024 * 1024

/** Where its changes go. */
export interface ChangesTarget {
  /** False: the queue takes nothing more, and others have to tell. */
  readonly takesCommits: boolean
  /** What a transaction that has committed has changed. */
  committed(changes: readonly NewChange[]): void
  /** The tables that are published, whenever they have changed. */
  published(tables: readonly string[]): void
}

/**
 * One connection: what its transactions change, by a session of SQLite that is as long as the transaction. Each call
 * of the application goes through `call()`, which knows what the statement can do.
 */
export class WatchedDatabase {
  readonly #calls: PlainCalls
  readonly #target: ChangesTarget
  readonly #chosen: readonly string[] | null
  readonly counts: RowCounts
  #tables: ReadonlyMap<string, TableShape> = new Map()
  #schemaVersion: bigint | null = null
  #values = new RowValues(false)
  #session: Session | null = null
  /** Within a call of the application. */
  #depth = 0
  /** A statement of this transaction may have changed something. */
  #hasWritten = false
  /** It has changed tables: of what it does to rows as well the session cannot tell all. */
  #hasAltered = false
  /** A savepoint has begun the transaction, and the release of that ends it. */
  #isOfSavepoint = false
  readonly #changed = new Set<string>()
  /** Rows were changed behind our back, by a statement of before. */
  isDoubtful = false

  /** `chosen`: the tables that are published; null: all. */
  constructor(calls: PlainCalls, target: ChangesTarget, chosen: readonly string[] | null) {
    this.#calls = calls
    this.#target = target
    this.#chosen = chosen
    this.counts = new RowCounts(calls)
  }

  get tables(): ReadonlyMap<string, TableShape> {
    return this.#tables
  }

  /** The connection is open, or open again. Throws where the database cannot be written to. */
  begin(): void {
    const { database } = this.#calls
    database.function(toldFunction, (table) => this.#toldOf(String(table)))
    const { one } = this.#calls.prepare('SELECT 1 AS one').get() as { one: unknown }
    this.#values = new RowValues(typeof one === 'bigint')
    this.#calls.transaction(() => {
      this.counts.create()
      this.#learnTables()
    })
    this.#renew()
  }

  /** The connection is to be closed. */
  end(): void {
    this.#session?.close()
    this.#session = null
    this.#forget()
    this.#calls.forget()
    this.#schemaVersion = null
  }

  /** Runs a call of the application. */
  call<Result>(kind: StatementKind, run: () => Result): Result {
    if (this.#depth === 0) this.#endUnseen()
    this.#depth++
    try {
      return this.#run(kind, run)
    } finally {
      this.#depth--
    }
  }

  /** Tables that somebody has changed who does not publish: of all processes that ask one gets each. */
  takeUntold(): string[] {
    this.isDoubtful = false
    if (this.#readSchemaVersion() !== this.#schemaVersion)
      this.#calls.transaction(() => this.#learnTables())
    const names = new Set(this.#tables.keys())
    if (this.counts.untoldOf(names).length === 0) return []
    return this.#calls.transaction(() => this.counts.takeUntold(names))
  }

  #run<Result>(kind: StatementKind, run: () => Result): Result {
    const { database } = this.#calls
    const isInside = database.isTransaction
    if (kind === 'read') return run()
    if (kind === 'begin' || kind === 'savepoint') {
      if (!isInside) this.#isOfSavepoint = kind === 'savepoint'
      return run()
    }
    if (kind === 'commit' || (kind === 'release' && this.#isOfSavepoint))
      return isInside ? this.#commit(run) : run()
    if (!isInside && kind !== 'rollback' && kind !== 'release') return this.#alone(kind, run)
    if (kind === 'write' || kind === 'with') this.#hasWritten = true
    try {
      const result = run()
      if (kind === 'schema') this.#alter()
      return result
    } finally {
      if (!database.isTransaction) this.#forget()
    }
  }

  /** A statement without a transaction around it gets one: it commits as it would alone, and fails as it would. */
  #alone<Result>(kind: StatementKind, run: () => Result): Result {
    this.#calls.exec('BEGIN IMMEDIATE')
    this.#hasWritten = true
    let failure: { readonly error: unknown } | null = null
    let result: Result | undefined
    try {
      result = run()
      if (kind === 'schema') this.#alter()
    } catch (error) {
      failure = { error }
    }
    // OR ROLLBACK has ended it. What OR FAIL has done before it failed stays.
    if (this.#calls.database.isTransaction) this.#commitAlone(failure)
    else this.#forget()
    if (failure) throw failure.error
    return result as Result
  }

  #commitAlone(failure: { readonly error: unknown } | null): void {
    try {
      this.#commit(() => this.#calls.exec('COMMIT'))
    } catch (error) {
      // Constraints that are checked at the end, above all.
      if (this.#calls.database.isTransaction) this.#calls.exec('ROLLBACK')
      this.#forget()
      if (!failure) throw error
    }
  }

  /** Runs what commits: what is told is read before, and told when it has. */
  #commit<Result>(run: () => Result): Result {
    const changes = this.#hasWritten ? this.#changes() : []
    const result = run()
    // The release of an inner savepoint commits nothing.
    if (this.#calls.database.isTransaction) return result
    const hadWritten = this.#hasWritten
    this.#forget()
    if (changes.length > 0) this.#target.committed(changes)
    if (hadWritten) this.#publishedTables()
    return result
  }

  #changes(): NewChange[] {
    this.#checkSchema()
    if (this.#changed.size === 0) return []
    if (!this.#target.takesCommits) {
      this.counts.doubt(this.#changed)
      return []
    }
    if (this.#hasAltered) return resets(this.#changed, 'the transaction has altered tables')
    const changeset = this.#session?.changeset() ?? new Uint8Array()
    if (changeset.byteLength > maxChangesetBytes)
      return resets(this.#changed, `a transaction of more than ${maxChangesetBytes} bytes`)
    const versions = this.counts.numbers(this.#changed)
    return rowChanges(this.#calls, changeset, this.#tables, versions, this.#values)
  }

  /** The catalog may be another one than it was: of this transaction, or by another program. */
  #checkSchema(): void {
    if (this.#readSchemaVersion() !== this.#schemaVersion) this.#learnTables()
  }

  /** Within a transaction that writes. */
  #learnTables(): void {
    const tables = new Map<string, TableShape>()
    for (const name of this.#chosen ?? tableNamesOf(this.#calls)) {
      const shape = shapeOf(this.#calls, name)
      if (!shape) continue
      this.counts.count(shape)
      tables.set(name, shape)
    }
    this.#tables = tables
    this.isDoubtful = true
    this.#schemaVersion = this.#readSchemaVersion()
  }

  #readSchemaVersion(): bigint {
    return this.#calls.statement('PRAGMA main.schema_version').get()?.['schema_version'] as bigint
  }

  /** A statement has changed tables, within a transaction: rows of new ones are counted from now on. */
  #alter(): void {
    this.#hasAltered = true
    this.#hasWritten = true
    if (this.#calls.database.isTransaction) this.#checkSchema()
  }

  /** Called for each row that is changed on this connection: 1, where it is told. */
  #toldOf(table: string): number {
    if (this.#depth === 0 || !this.#target.takesCommits) {
      this.isDoubtful = true
      return 0
    }
    this.#changed.add(table)
    return 1
  }

  /** A statement that was prepared before has ended the transaction: nobody knows whether it has committed. */
  #endUnseen(): void {
    if (this.#calls.database.isTransaction || !this.#hasWritten) return
    const changed = [...this.#changed]
    this.#forget()
    if (changed.length > 0)
      this.#target.committed(resets(changed, 'a transaction that ended unseen'))
  }

  #forget(): void {
    if (this.#hasWritten && this.#session) this.#renew()
    this.#hasWritten = false
    this.#hasAltered = false
    this.#isOfSavepoint = false
    this.#changed.clear()
  }

  /** A changeset has all since its session began. */
  #renew(): void {
    this.#session?.close()
    this.#session = this.#calls.database.createSession()
  }

  #publishedTables(): void {
    this.#target.published([...this.#tables.keys()])
  }
}

const resets = (tables: Iterable<string>, reason: string): NewChange[] =>
  Array.from(tables, (table) => ({ table, kind: 'reset', reason }))
