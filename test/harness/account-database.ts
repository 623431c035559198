import { DatabaseSync } from 'node:sqlite'
import type { NewUpdate } from '../../src/model/update.ts'

export interface AccountTables {
  ACCOUNT: { ID: string; OWNER: string; AMOUNT: number }
  ENTRY: { ACCOUNT: string; NUMBER: number; AMOUNT: number }
}

type AccountUpdate = NewUpdate<AccountTables>
type AccountTable = keyof AccountTables
type Parameters = (string | number)[]

const keyColumns = { ACCOUNT: ['ID'], ENTRY: ['ACCOUNT', 'NUMBER'] } as const

/** How long a transaction waits for that of another process, milliseconds: far longer than any lasts. */
const busyTimeoutMs = 60_000

const schema = `
  CREATE TABLE IF NOT EXISTS ACCOUNT (ID TEXT PRIMARY KEY, OWNER TEXT, AMOUNT INTEGER) STRICT;
  CREATE TABLE IF NOT EXISTS ENTRY (
    ACCOUNT TEXT, NUMBER INTEGER, AMOUNT INTEGER, PRIMARY KEY (ACCOUNT, NUMBER)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS CHANGES (LAST INTEGER) STRICT;
  INSERT INTO CHANGES SELECT 0 WHERE NOT EXISTS (SELECT * FROM CHANGES)`

/** Accounts and their entries in SQLite. Each change is numbered in its transaction; a commit is given to be published. */
export class AccountDatabase {
  readonly #database: DatabaseSync

  constructor(file = ':memory:') {
    this.#database = new DatabaseSync(file)
    this.#database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    if (file !== ':memory:')
      this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF')
    this.#database.exec(schema)
  }

  /** One transaction; what it gives is to be published. */
  commit(change: (transaction: AccountTransaction) => void): AccountUpdate[] {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const transaction = new AccountTransaction(this.#database)
      change(transaction)
      this.#database.exec('COMMIT')
      return transaction.updates
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** A table, or some rows of it, with the number of the last change that it shows. */
  read<Table extends AccountTable>(
    table: Table,
    keys?: readonly unknown[],
  ): { rows: AccountTables[Table][]; version: bigint } {
    this.#database.exec('BEGIN')
    try {
      const rows =
        keys === undefined
          ? rowsOf(this.#database, table)
          : keys.flatMap((key) => this.#find(table, key))
      return { rows: rows as AccountTables[Table][], version: lastChange(this.#database) }
    } finally {
      this.#database.exec('COMMIT')
    }
  }

  close(): void {
    this.#database.close()
  }

  #find(table: AccountTable, key: unknown): object[] {
    const values = typeof key === 'object' ? Object.values(key as object) : [key]
    return rowsOf(this.#database, table, values as Parameters)
  }
}

export class AccountTransaction {
  readonly updates: AccountUpdate[] = []
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  get<Table extends AccountTable>(
    table: Table,
    ...key: Parameters
  ): AccountTables[Table] | undefined {
    return rowsOf(this.#database, table, key)[0] as AccountTables[Table] | undefined
  }

  put<Table extends AccountTable>(table: Table, record: AccountTables[Table]): void {
    const before = this.#before(table, record)
    const columns = Object.keys(record)
    this.#database
      .prepare(
        `INSERT OR REPLACE INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
      )
      .run(...Object.values(record))
    const kind = before ? 'modify' : 'insert'
    this.updates.push({ table, kind, record, before, version: this.#count() } as AccountUpdate)
  }

  delete<Table extends AccountTable>(table: Table, record: AccountTables[Table]): void {
    const before = this.#before(table, record)
    if (!before) return
    const columns = keyColumns[table]
    this.#database
      .prepare(`DELETE FROM ${table} WHERE ${columns.map((name) => `${name} = ?`).join(' AND ')}`)
      .run(...columns.map((name) => (record as Record<string, string | number>)[name] as string))
    this.updates.push({
      table,
      kind: 'delete',
      record: before,
      version: this.#count(),
    } as AccountUpdate)
  }

  #before(table: AccountTable, record: object): object | undefined {
    const key = keyColumns[table].map((name) => (record as Record<string, string | number>)[name])
    return rowsOf(this.#database, table, key as Parameters)[0]
  }

  #count(): bigint {
    this.#database.exec('UPDATE CHANGES SET LAST = LAST + 1')
    return lastChange(this.#database)
  }
}

/** Rows as texts in one order, whatever the order of their fields. */
export const rowTexts = (rows: Iterable<object>): string[] =>
  Array.from(rows, (row) => JSON.stringify(row, Object.keys(row).sort())).sort()

function rowsOf(database: DatabaseSync, table: AccountTable, key?: Parameters): object[] {
  const condition = keyColumns[table].map((name) => `${name} = ?`).join(' AND ')
  const where = key === undefined ? '' : ` WHERE ${condition}`
  return database
    .prepare(`SELECT * FROM ${table}${where}`)
    .all(...(key ?? []))
    .map((row) => ({ ...row }))
}

const lastChange = (database: DatabaseSync): bigint =>
  BigInt(database.prepare('SELECT LAST FROM CHANGES').get()?.['LAST'] as number)
