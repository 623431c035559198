import { DatabaseSync } from 'node:sqlite'
import type { DailyPrice, MonthlySummary, TableRows } from './tables.ts'

/** How long a transaction waits for another process's, milliseconds: far longer than any lasts. */
const busyTimeoutMs = 5_000

/** Write-ahead logging: who reads never waits for who writes. */
const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS DAILY_PRICE (
    DATE TEXT PRIMARY KEY, OPEN REAL, HIGH REAL, LOW REAL, CLOSE REAL, ADJ_CLOSE REAL, VOLUME INTEGER
  ) STRICT;
  CREATE TABLE IF NOT EXISTS MONTHLY_SUMMARY (
    MONTH TEXT PRIMARY KEY, DAYS INTEGER, HIGH REAL, LOW REAL, AVERAGE_CLOSE REAL, VOLUME INTEGER
  ) STRICT`

const insertDay = `
  INSERT INTO DAILY_PRICE VALUES (:DATE, :OPEN, :HIGH, :LOW, :CLOSE, :ADJ_CLOSE, :VOLUME)`

/** To the cent: the file has six digits behind the point. */
const restateDay = `
  UPDATE DAILY_PRICE SET CLOSE = round(CLOSE, 2), ADJ_CLOSE = round(ADJ_CLOSE, 2) WHERE DATE = ?`

const insertSummaries = `
  INSERT INTO MONTHLY_SUMMARY
  SELECT substr(DATE, 1, 7) AS MONTH, count(*), max(HIGH), min(LOW), avg(CLOSE), sum(VOLUME)
  FROM DAILY_PRICE WHERE DATE >= :period AND DATE < :period || '.' GROUP BY MONTH`

type Statement = ReturnType<DatabaseSync['prepare']>

/**
 * The database of the demonstration: plain SQL. Each change is one transaction, over both tables. Nothing here knows
 * of the queue: `publishCommits()` is given the connection.
 */
export class PriceDatabase {
  readonly connection: DatabaseSync
  readonly #statements = new Map<string, Statement>()

  constructor(file: string) {
    this.connection = new DatabaseSync(file, { timeout: busyTimeoutMs })
    this.connection.exec(schema)
  }

  /** Adds a day, and restates the one before it. */
  insert(price: DailyPrice): void {
    this.#transaction(() => {
      const yesterday = this.newest(1)
      for (const date of yesterday) this.#prepared(restateDay).run(date)
      this.#prepared(insertDay).run({ ...price })
      for (const month of new Set([...yesterday, price.DATE].map(monthOf))) this.#summarise(month)
    })
  }

  /** Adds shares that were reported late. Nothing, where the day is not there. */
  addVolume(date: string, shares: number): void {
    this.#transaction(() => {
      this.#prepared('UPDATE DAILY_PRICE SET VOLUME = VOLUME + ? WHERE DATE = ?').run(shares, date)
      this.#summarise(monthOf(date))
    })
  }

  /** Nothing, where the day is not there. */
  delete(date: string): void {
    this.#transaction(() => {
      this.#prepared('DELETE FROM DAILY_PRICE WHERE DATE = ?').run(date)
      this.#summarise(monthOf(date))
    })
  }

  /** Adds a point to each closing price of a year (YYYY). Returns how many days it has. */
  raise(year: string): number {
    return this.#transaction(() => {
      const { changes } = this.#prepared(
        `UPDATE DAILY_PRICE SET CLOSE = CLOSE + 1 WHERE DATE LIKE ? || '-%'`,
      ).run(year)
      this.#summarise(year)
      return Number(changes)
    })
  }

  /** The dates of the newest days, the newest first. */
  newest(most: number): string[] {
    return this.#prepared('SELECT DATE FROM DAILY_PRICE ORDER BY DATE DESC LIMIT ?')
      .all(most)
      .map(({ DATE }) => String(DATE))
  }

  /** Both tables as they are at one moment. */
  read(): Required<TableRows> {
    return this.#transaction(() => ({
      DAILY_PRICE: this.#all<DailyPrice>('SELECT * FROM DAILY_PRICE ORDER BY DATE'),
      MONTHLY_SUMMARY: this.#all<MonthlySummary>('SELECT * FROM MONTHLY_SUMMARY ORDER BY MONTH'),
    }))
  }

  close(): void {
    this.connection.close()
  }

  /** IMMEDIATE: two processes that read first and write then would refuse each other at the end. */
  #transaction<Result>(change: () => Result): Result {
    this.connection.exec('BEGIN IMMEDIATE')
    try {
      const result = change()
      this.connection.exec('COMMIT')
      return result
    } catch (error) {
      if (this.connection.isTransaction) this.connection.exec('ROLLBACK')
      throw error
    }
  }

  /** Works out the months of a period anew: YYYY or YYYY-MM. */
  #summarise(period: string): void {
    this.#prepared(`DELETE FROM MONTHLY_SUMMARY WHERE MONTH LIKE ? || '%'`).run(period)
    this.#prepared(insertSummaries).run({ period })
  }

  /** `Row`: what the columns of the statement come to. */
  #all<Row>(sql: string): Row[] {
    return this.#prepared(sql)
      .all()
      .map((row) => ({ ...row }) as Row)
  }

  #prepared(sql: string): Statement {
    let statement = this.#statements.get(sql)
    if (!statement) this.#statements.set(sql, (statement = this.connection.prepare(sql)))
    return statement
  }
}

const monthOf = (date: string): string => date.slice(0, 'YYYY-MM'.length)
