import type { NewUpdate, UpdateQueue } from '../../src/index.ts'

export type CostDatabase = 'PostgreSQL' | 'SQLite'

/** Who tells what an insert has committed. */
export type CostWayName = 'nobody' | 'publish()' | 'commit()' | 'adapter' | 'capture'

/** Rows to insert by one statement: a single one has the values of `trade()`, more are made by the database. */
export interface CostInsert {
  readonly table: string
  /** The number of the first row. */
  readonly first: number
  readonly rows: number
}

/** A connection to a database. With `isNoted` an insert gives its updates, for who publishes them by hand. */
export interface CostConnection {
  /** In a transaction of its own. */
  insert(insert: CostInsert, isNoted: boolean): Promise<readonly NewUpdate[]>
  /** In a transaction that stays open. */
  insertFirst(insert: CostInsert, isNoted: boolean): Promise<readonly NewUpdate[]>
  commit(): Promise<void>
}

/** Runs a transaction and publishes the updates that it gives; what it is told: whether it has to give them. */
type Publishing = (
  transaction: (isNoted: boolean) => Promise<readonly NewUpdate[]>,
) => Promise<void>

/** What stands around a transaction in each way. */
function publishingOf(queue: UpdateQueue): Readonly<Record<CostWayName, Publishing>> {
  const byOthers: Publishing = async (transaction) => void (await transaction(false))
  return {
    nobody: byOthers,
    adapter: byOthers,
    capture: byOthers,
    'publish()': async (transaction) => void queue.publish(await transaction(true)),
    'commit()': (transaction) => queue.commit(async (changed) => changed(await transaction(true))),
  }
}

const prefixes: Readonly<Record<CostDatabase, string>> = { PostgreSQL: 'pg', SQLite: 'lite' }

/** The tables of a way: where what an insert costs is measured, and the one that another process has as a live table. */
export function costTables(database: CostDatabase, name: CostWayName) {
  const word = `${prefixes[database]}_${name.replace('()', '')}`
  return { counted: `${word}_counted`, live: `${word}_live` }
}

/** An insert in one way, into tables of its own. */
export class CostWay {
  readonly database: CostDatabase
  readonly name: CostWayName
  readonly counted: string
  readonly live: string
  readonly #connection: CostConnection
  readonly #publishing: Publishing
  #inserted = 0
  #committed = 0

  constructor(
    queue: UpdateQueue,
    connection: CostConnection,
    database: CostDatabase,
    name: CostWayName,
  ) {
    this.database = database
    this.name = name
    const { counted, live } = costTables(database, name)
    this.counted = counted
    this.live = live
    this.#connection = connection
    this.#publishing = publishingOf(queue)[name]
  }

  /** Rows that were inserted where costs are measured. */
  get inserted(): number {
    return this.#inserted
  }

  /** Inserts so many rows by one statement, and commits. */
  async insert(rows: number): Promise<void> {
    const first = this.#inserted
    this.#inserted += rows
    await this.#publishing((isNoted) =>
      this.#connection.insert({ table: this.counted, first, rows }, isNoted),
    )
  }

  /** Inserts a row into the live table; its number, and when COMMIT was called, nanoseconds of the clock of this machine. */
  async commit(): Promise<{ index: number; calledAt: bigint }> {
    const index = this.#committed++
    let calledAt = 0n
    await this.#publishing(async (isNoted) => {
      const insert = { table: this.live, first: index, rows: 1 }
      const updates = await this.#connection.insertFirst(insert, isNoted)
      calledAt = process.hrtime.bigint()
      await this.#connection.commit()
      return updates
    })
    return { index, calledAt }
  }
}

/** The updates of rows that an insert has returned. */
export const insertsOf = (
  table: string,
  rows: readonly object[],
  version: bigint,
): readonly NewUpdate[] => rows.map((record) => ({ table, kind: 'insert', record, version }))
