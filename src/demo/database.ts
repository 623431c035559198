import { DatabaseSync } from 'node:sqlite'
import { assert } from '../base/assertion.ts'
import type { NewPrice } from './prices.ts'
import type { DailyPrice, MonthlySummary, PriceCommit, TableRows } from './tables.ts'

/** How long a transaction waits for another process's, milliseconds: far longer than any lasts. */
const busyTimeoutMs = 5_000

const schema = `
  CREATE TABLE IF NOT EXISTS DAILY_PRICE (
    DATE TEXT PRIMARY KEY, OPEN REAL, HIGH REAL, LOW REAL, CLOSE REAL, ADJ_CLOSE REAL,
    VOLUME INTEGER, VERSION INTEGER
  ) STRICT;
  CREATE TABLE IF NOT EXISTS MONTHLY_SUMMARY (
    MONTH TEXT PRIMARY KEY, DAYS INTEGER, HIGH REAL, LOW REAL, AVERAGE_CLOSE REAL,
    VOLUME INTEGER, VERSION INTEGER
  ) STRICT`

const summaryOfMonth = `
  SELECT count(*) AS DAYS, max(HIGH) AS HIGH, min(LOW) AS LOW, avg(CLOSE) AS AVERAGE_CLOSE,
    sum(VOLUME) AS VOLUME
  FROM DAILY_PRICE WHERE DATE BETWEEN ? || '-01' AND ? || '-31'`

type Row = Record<string, string | number | bigint>

/** What is worked out of the days of a month. */
type Figures = Omit<MonthlySummary, 'MONTH' | 'VERSION'>

/**
 * The demonstration's database. Each change is one transaction over both tables and returns the
 * commit that its process publishes then.
 */
export class PriceDatabase {
  readonly #database: DatabaseSync

  constructor(file: string) {
    this.#database = new DatabaseSync(file)
    // Write-ahead logging: who reads never waits for who writes.
    this.#database.exec(
      `PRAGMA busy_timeout = ${busyTimeoutMs}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL`,
    )
    this.#database.exec(schema)
  }

  insert(price: NewPrice): PriceCommit {
    return this.#transaction(() => {
      const record = { ...price, VERSION: 1n }
      this.#put('DAILY_PRICE', record)
      return [
        { table: 'DAILY_PRICE', kind: 'insert', record, version: record.VERSION },
        this.#summarise(record.DATE),
      ]
    })
  }

  /** A correction of the closing prices. Empty where the day is not there. */
  modify(date: string, change: (price: DailyPrice) => Partial<NewPrice>): PriceCommit {
    return this.#transaction(() => {
      const before = this.#price(date)
      if (!before) return []
      const record = { ...before, ...change(before), VERSION: before.VERSION + 1n }
      this.#put('DAILY_PRICE', record)
      return [
        { table: 'DAILY_PRICE', kind: 'modify', record, before, version: record.VERSION },
        this.#summarise(date),
      ]
    })
  }

  /** Empty where the day is not there. */
  delete(date: string): PriceCommit {
    return this.#transaction(() => {
      const record = this.#price(date)
      if (!record) return []
      this.#run('DELETE FROM DAILY_PRICE WHERE DATE = ?', date)
      return [
        { table: 'DAILY_PRICE', kind: 'delete', record, version: record.VERSION + 1n },
        this.#summarise(date),
      ]
    })
  }

  /** Both tables as they are at one moment. */
  read(): TableRows {
    this.#database.exec('BEGIN')
    try {
      return {
        DAILY_PRICE: this.#all<DailyPrice>('SELECT * FROM DAILY_PRICE ORDER BY DATE'),
        MONTHLY_SUMMARY: this.#all<MonthlySummary>('SELECT * FROM MONTHLY_SUMMARY ORDER BY MONTH'),
      }
    } finally {
      this.#database.exec('COMMIT')
    }
  }

  close(): void {
    this.#database.close()
  }

  /** IMMEDIATE: two processes that read first and write then would refuse each other at the end. */
  #transaction(change: () => PriceCommit): PriceCommit {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const commit = change()
      this.#database.exec('COMMIT')
      return commit
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** Brings the month of a day up to date. */
  #summarise(date: string): PriceCommit[number] {
    const MONTH = date.slice(0, 'YYYY-MM'.length)
    const [known] = this.#all<MonthlySummary>(
      'SELECT * FROM MONTHLY_SUMMARY WHERE MONTH = ?',
      MONTH,
    )
    const [figures] = this.#all<Figures>(summaryOfMonth, MONTH, MONTH)
    const VERSION = (known?.VERSION ?? 0n) + 1n
    if (!figures || figures.DAYS === 0n) {
      assert(known, 'a month that has lost its last day had a summary')
      this.#run('DELETE FROM MONTHLY_SUMMARY WHERE MONTH = ?', MONTH)
      return { table: 'MONTHLY_SUMMARY', kind: 'delete', record: known, version: VERSION }
    }
    const record: MonthlySummary = { MONTH, ...figures, VERSION }
    this.#put('MONTHLY_SUMMARY', record)
    const kind = known ? 'modify' : 'insert'
    return { table: 'MONTHLY_SUMMARY', kind, record, before: known, version: VERSION }
  }

  #price(date: string): DailyPrice | undefined {
    const [row] = this.#all<DailyPrice>('SELECT * FROM DAILY_PRICE WHERE DATE = ?', date)
    return row
  }

  #put(table: keyof TableRows, record: object): void {
    const columns = Object.keys(record)
    const places = columns.map((column) => `:${column}`)
    this.#run(
      `INSERT OR REPLACE INTO ${table} (${columns.join(', ')}) VALUES (${places.join(', ')})`,
      record as Row,
    )
  }

  readonly #statements = new Map<string, ReturnType<DatabaseSync['prepare']>>()

  #run(sql: string, parameters: Row | string): void {
    const statement = this.#prepared(sql)
    if (typeof parameters === 'string') statement.run(parameters)
    else statement.run(parameters)
  }

  /** `Selected`: what the columns of the statement come to. */
  #all<Selected = Row>(sql: string, ...parameters: string[]): Selected[] {
    return this.#prepared(sql)
      .all(...parameters)
      .map((row) => ({ ...row }) as Selected)
  }

  /** Whole numbers come back as bigint: volumes may grow beyond 2⁵³. */
  #prepared(sql: string): ReturnType<DatabaseSync['prepare']> {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#database.prepare(sql)
      statement.setReadBigInts(true)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}
