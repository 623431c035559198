// Recipes for a copy of a table that are not right where several write: what a live table is held against.
import type { Loss } from '../../src/model/loss.ts'
import type { Update } from '../../src/model/update.ts'
import type { ReadRound } from '../../src/live/live-core.ts'
import type { KeysInDoubt, ReadRows } from '../../src/live/row-table.ts'
import { type Keeper, type Row, tableNames } from './racing-writers.ts'

/** Reads when the subscription is ready and after a loss, and applies updates as they come. */
export class AsItComes implements Keeper {
  readonly tables = new Map(tableNames.map((name) => [name as string, new Map<string, Row>()]))
  #isReady = false
  #wants = new Set<string>()
  #isReading = false
  #since: Update[] = []

  get nextAt(): number {
    return Infinity
  }

  get isSettled(): boolean {
    return !this.#isReading && this.#wants.size === 0
  }

  ready(): void {
    this.#isReady = true
    this.#wants = new Set(tableNames)
  }

  updates(updates: readonly Update[]): void {
    if (!this.#isReady) return
    if (this.#isReading) this.#since.push(...updates)
    for (const update of updates) this.take(update)
  }

  take({ table, kind, record, before }: Update): void {
    const rows = this.tables.get(table)
    if (before) rows?.delete((before as Row).ID)
    if (kind === 'delete') rows?.delete((record as Row).ID)
    else rows?.set((record as Row).ID, record as Row)
  }

  losses(losses: readonly Loss[]): void {
    if (this.#isReady) for (const { table } of losses) if (table !== null) this.#wants.add(table)
  }

  begin(): ReadRound | null {
    if (this.#isReading || this.#wants.size === 0) return null
    const reads = [...this.#wants].map((table) => ({ table, keys: null }))
    this.#wants = new Set()
    this.#isReading = true
    this.#since = []
    return { reads }
  }

  done({ reads }: ReadRound, results: readonly ReadRows[]): void {
    this.#isReading = false
    for (const [place, { table }] of reads.entries())
      this.tables.set(
        table,
        new Map(results[place]?.records.map((row) => [(row as Row).ID, row as Row])),
      )
    // What came meanwhile may be in what was read, or not.
    for (const update of this.#since)
      if (reads.some(({ table }) => table === update.table)) this.take(update)
  }

  failed(): void {
    this.#isReading = false
    this.#wants = new Set(tableNames)
  }

  tick(): void {
    // It forgets nothing.
  }

  rows(table: string): Row[] {
    return [...(this.tables.get(table)?.values() ?? [])]
  }
}

/**
 * Without versions: an update of the publisher that changed the row last is applied; of another one, or behind a read,
 * the row is read again.
 */
export class SamePublisherApplies extends AsItComes {
  readonly #last = new Map<string, string>()
  #doubts = new Map<string, Map<string, string>>()
  #isReading = false
  /** What is being read may hold what comes meanwhile, or not. */
  readonly #underRead = new Set<string>()

  override take(update: Update): void {
    const rows = [update.record, update.before].flatMap((row) => (row ? [row as Row] : []))
    const publisher = update.publisher?.incarnation ?? ''
    const isKnown = rows.every(
      ({ ID }) =>
        this.#last.get(`${update.table} ${ID}`) === publisher &&
        !this.#underRead.has(`${update.table} ${ID}`),
    )
    for (const { ID } of rows) this.#last.set(`${update.table} ${ID}`, publisher)
    if (isKnown) return super.take(update)
    let keys = this.#doubts.get(update.table)
    if (!keys) this.#doubts.set(update.table, (keys = new Map()))
    for (const { ID } of rows) keys.set(ID, ID)
  }

  override begin(): ReadRound | null {
    if (this.#isReading) return null
    const whole = super.begin()
    if (whole) return whole
    if (this.#doubts.size === 0 || !super.isSettled) return null
    const reads = [...this.#doubts].map(([table, keys]) => ({ table, keys: keys as KeysInDoubt }))
    this.#doubts = new Map()
    this.#isReading = true
    for (const { table, keys } of reads)
      for (const key of keys.keys()) this.#underRead.add(`${table} ${String(key)}`)
    return { reads }
  }

  override done(round: ReadRound, results: readonly ReadRows[]): void {
    if (!this.#isReading) {
      this.#last.clear()
      return super.done(round, results)
    }
    this.#isReading = false
    this.#underRead.clear()
    for (const [place, { table, keys }] of round.reads.entries()) {
      const rows = this.tables.get(table)
      for (const key of keys?.keys() ?? []) rows?.delete(key as string)
      for (const row of results[place]?.records ?? []) rows?.set((row as Row).ID, row as Row)
    }
  }

  override failed(): void {
    this.#isReading = false
    this.#underRead.clear()
    super.failed()
  }
}
