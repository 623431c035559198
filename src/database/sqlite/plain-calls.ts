import {
  DatabaseSync,
  type SQLInputValue,
  type SQLOutputValue,
  type StatementSync,
} from 'node:sqlite'

/** A statement of ours, whose calls nobody watches. Whole numbers are bigints. */
export interface PlainStatement {
  all(...values: SQLInputValue[]): Row[]
  get(...values: SQLInputValue[]): Row | undefined
  run(...values: SQLInputValue[]): void
}

export type Row = Readonly<Record<string, SQLOutputValue>>

/**
 * The calls of a database as they are, whether it is published or not: one that is has calls of its own in their place,
 * and what is done behind those is done with these.
 */
export class PlainCalls {
  readonly database: DatabaseSync
  readonly #prepared = new Map<string, PlainStatement>()

  constructor(database: DatabaseSync) {
    this.database = database
  }

  exec(sql: string): void {
    DatabaseSync.prototype.exec.call(this.database, sql)
  }

  /** The statement that SQLite reads first in a text: the rest of it is left out. */
  prepare(sql: string): StatementSync {
    return DatabaseSync.prototype.prepare.call(this.database, sql)
  }

  /** One that is asked for again is the same. */
  statement(sql: string): PlainStatement {
    const known = this.#prepared.get(sql)
    if (known) return known
    const statement = this.prepare(sql)
    statement.setReadBigInts(true)
    const plain: PlainStatement = {
      all: (...values) => statement.all(...values),
      get: (...values) => statement.get(...values),
      run: (...values) => {
        statement.run(...values)
      },
    }
    this.#prepared.set(sql, plain)
    return plain
  }

  /** Runs `work` in a transaction that may write, at once. */
  transaction<Result>(work: () => Result): Result {
    this.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.exec('COMMIT')
      return result
    } catch (error) {
      if (this.database.isTransaction) this.exec('ROLLBACK')
      throw error
    }
  }

  /** Statements are of a connection: it was closed. */
  forget(): void {
    this.#prepared.clear()
  }
}

/** A name as SQLite takes it, whatever is in it. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A text as SQLite takes it. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
