import { type PlainCalls, literal, quoted } from './plain-calls.ts'
import { mainTable, ownPrefix, type TableShape } from './table-shape.ts'

/** Says that a change of a row of this table is told; called by our triggers, on this connection alone. */
export const toldFunction = `${ownPrefix}told`

const countsTable = `${ownPrefix}tables`

/**
 * A row for each table, written in the transaction that changes rows of it: CHANGED counts changes of rows by whoever makes
 * them, in any program, and is the version of the table; TOLD counts those that are published. Where they differ
 * somebody has changed the table who does not publish. It has no primary key, so that sessions pass it over.
 */
const createCounts = `CREATE TABLE IF NOT EXISTS ${countsTable}
  (NAME TEXT NOT NULL UNIQUE, CHANGED INTEGER NOT NULL, TOLD INTEGER NOT NULL)`

/** Numbers begin so high that those of a file that was deleted and made anew are above those of before. */
const firstNumber = 'unixepoch() * 1000000'

const events = ['insert', 'update', 'delete'] as const
type Event = (typeof events)[number]

/** How often each table was changed, and how much of that was told. */
export class RowCounts {
  readonly #calls: PlainCalls

  constructor(calls: PlainCalls) {
    this.#calls = calls
  }

  /** Within a transaction. Throws where the database cannot be written to. */
  create(): void {
    this.#calls.exec(createCounts)
  }

  /**
   * Has the changes of this table counted, within a transaction. Where they were not counted all the time, and there are or were rows, it
   * counts one more than is told.
   */
  count(shape: TableShape): void {
    const { name } = shape
    const known = this.#calls.statement(`SELECT 1 FROM ${countsTable} WHERE NAME = ?`).get(name)
    if (!known)
      this.#calls
        .statement(`INSERT INTO ${countsTable} SELECT ?, ${firstNumber}, ${firstNumber}`)
        .run(name)
    if (shape.key.length > 0) this.#makeAll('temp', shape, toldTrigger)
    if (this.#makeAll('main', shape, changedTrigger)) return
    const hasRows = this.#calls.prepare(`SELECT 1 FROM ${mainTable(name)} LIMIT 1`)
    if (known || hasRows.get() !== undefined) this.doubt([name])
  }

  /** The numbers of these tables, in the transaction that runs. */
  numbers(tables: Iterable<string>): Map<string, bigint> {
    const numbers = new Map<string, bigint>()
    for (const table of tables) numbers.set(table, numberOf(this.#calls, table))
    return numbers
  }

  /** What was changed in these tables is not told by us: who looks next finds it. */
  doubt(tables: Iterable<string>): void {
    const statement = this.#calls.statement(
      `UPDATE ${countsTable} SET CHANGED = CHANGED + 1, TOLD = CHANGED - 1 WHERE NAME = ?`,
    )
    for (const table of tables) statement.run(table)
  }

  /** Those of the tables that somebody has changed who does not publish. */
  untoldOf(tables: ReadonlySet<string>): string[] {
    return this.#calls
      .statement(`SELECT NAME FROM ${countsTable} WHERE CHANGED <> TOLD`)
      .all()
      .map(({ NAME }) => String(NAME))
      .filter((name) => tables.has(name))
  }

  /** The same: they count as told from now on, and who calls tells them. Within a transaction. */
  takeUntold(tables: ReadonlySet<string>): string[] {
    const untold = this.untoldOf(tables)
    const take = this.#calls.statement(`UPDATE ${countsTable} SET TOLD = CHANGED WHERE NAME = ?`)
    for (const name of untold) take.run(name)
    return untold
  }

  /** True: all of them were there already, as they have to be. */
  #makeAll(
    schema: 'main' | 'temp',
    shape: TableShape,
    textOf: (event: Event, shape: TableShape) => string,
  ): boolean {
    let wereThere = true
    for (const event of events) {
      const name = triggerName(event, shape.name)
      const text = textOf(event, shape)
      const there = this.#calls
        .statement(`SELECT sql FROM ${schema}.sqlite_schema WHERE type = 'trigger' AND name = ?`)
        .get(name)
      if (there?.['sql'] === `CREATE TRIGGER ${text}`) continue
      wereThere = false
      this.#calls.exec(`DROP TRIGGER IF EXISTS ${schema}.${quoted(name)}`)
      this.#calls.exec(`CREATE ${schema === 'temp' ? 'TEMP ' : ''}TRIGGER ${text}`)
    }
    return wereThere
  }
}

/** The version of what a read of this table shows in the transaction that runs; 0n: nobody has ever published it. */
export function numberOf(calls: PlainCalls, table: string): bigint {
  const row = calls.statement(`SELECT CHANGED FROM ${countsTable} WHERE NAME = ?`).get(table)
  return (row?.['CHANGED'] as bigint | undefined) ?? 0n
}

/** True: someone has published this database. */
export const hasCounts = (calls: PlainCalls): boolean =>
  calls
    .statement(`SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = '${countsTable}'`)
    .get() !== undefined

const triggerName = (event: Event, table: string): string => `${ownPrefix}${table}_${event}`

/** In the database, for every program that changes it. */
const changedTrigger = (event: Event, { name }: TableShape): string =>
  `${quoted(triggerName(event, name))} AFTER ${event.toUpperCase()} ON ${quoted(name)} BEGIN ` +
  `UPDATE ${countsTable} SET CHANGED = CHANGED + 1 WHERE NAME = ${literal(name)}; END`

/** Of this connection: sessions pass over rows of which a part of the key is null, so these are not told. */
function toldTrigger(event: Event, { name, nullable }: TableShape): string {
  const rows = { insert: ['new'], update: ['old', 'new'], delete: ['old'] }[event]
  const conditions = rows.flatMap((row) =>
    nullable.map((column) => `${row}.${quoted(column)} IS NOT NULL`),
  )
  const when = conditions.length > 0 ? ` WHEN ${conditions.join(' AND ')}` : ''
  return (
    `${quoted(triggerName(event, name))} AFTER ${event.toUpperCase()} ON ${mainTable(name)}${when} BEGIN ` +
    `UPDATE ${countsTable} SET TOLD = TOLD + ${toldFunction}(${literal(name)}) WHERE NAME = ${literal(name)}; END`
  )
}
