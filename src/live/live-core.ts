import type { Random } from '../base/random.ts'
import type { Loss } from '../model/loss.ts'
import type { Update } from '../model/update.ts'
import { AwaitedRead, AwaitedReads } from './awaited-reads.ts'
import { LiveCondition } from './live-condition.ts'
import type { LiveLimits } from './live-limits.ts'
import { type KeysInDoubt, type ReadRows, RowTable, type RowVerdict } from './row-table.ts'
import type { TableSchema } from './table-schema.ts'

/** One call of `read` or `readKeys`. */
export interface TableRead {
  readonly table: string
  /** null: the whole table. */
  readonly keys: KeysInDoubt | null
}

/** All that is to be read at one time. What it gives is taken in one turn. */
export interface ReadRound {
  readonly reads: readonly TableRead[]
}

/** What has been done of one table. */
export interface LiveCounts {
  applied: number
  dropped: number
  doubted: number
  reads: number
  failedReads: number
}

/** A table with its state. */
class CoreTable {
  readonly rows: RowTable
  readonly condition = new LiveCondition()
  readonly counts: LiveCounts = { applied: 0, dropped: 0, doubted: 0, reads: 0, failedReads: 0 }

  constructor(rows: RowTable) {
    this.rows = rows
  }
}

/**
 * Live tables that are kept together, without time, network and database: what comes, and what was read, are its
 * arguments; what is to be read it says. docs/PROTOCOL.md has its rules.
 */
export class LiveCore {
  readonly #limits: LiveLimits
  readonly #random: Random
  readonly #tables: ReadonlyMap<string, CoreTable>
  /** Those of a commit, in its order. */
  readonly #verdicts: RowVerdict[] = []
  readonly #awaited = new AwaitedReads()
  /** The one that was asked for last: mostly it is the next one, too. */
  #last: CoreTable | undefined
  #isReady = false
  #round: { readonly tables: ReadonlyMap<string, KeysInDoubt | null> } | null = null
  #failures = 0
  #retryAt = 0

  constructor(schemas: readonly TableSchema[], limits: LiveLimits, random: Random) {
    this.#limits = limits
    this.#random = random
    this.#tables = new Map(
      schemas.map((schema) => [schema.name, new CoreTable(new RowTable(schema, limits))]),
    )
  }

  rowsOf(table: string): RowTable {
    return this.#of(table).rows
  }

  conditionOf(table: string): LiveCondition {
    return this.#of(table).condition
  }

  countsOf(table: string): Readonly<LiveCounts> {
    return this.#of(table).counts
  }

  /** When a read that failed is to be tried again; Infinity: there is none. */
  get nextAt(): number {
    return this.#failures > 0 && this.#round === null ? this.#retryAt : Infinity
  }

  /** True: nothing is in doubt, and no read is under way. */
  get isSettled(): boolean {
    if (!this.#isReady || this.#round) return false
    for (const { rows } of this.#tables.values()) if (rows.hasDoubts) return false
    return true
  }

  /** The subscription is ready: what is published from now on comes, or is reported lost. */
  ready(): void {
    this.#isReady = true
    for (const { rows } of this.#tables.values()) rows.doubtAll()
  }

  /** Whole commits, as they are delivered. `isCut`: one, of which a part was lost. */
  updates(updates: readonly Update[], now: number, isCut = false): void {
    // What comes before the first read begins is in it.
    if (!this.#isReady) return
    let from = 0
    while (from < updates.length) {
      let to = from + 1
      while (to < updates.length && isOneCommit(updates[from] as Update, updates[to] as Update))
        to++
      this.#commit(updates, from, to, now, isCut)
      from = to
    }
    this.#awaited.check()
  }

  losses(losses: readonly Loss[], now: number): void {
    if (!this.#isReady) return
    for (const loss of losses) {
      // The end of an open loss of which nothing was lost after all.
      if (loss.from !== null && loss.to !== null && loss.to < loss.from) continue
      for (const [name, table] of this.#tables)
        if (loss.table === null || loss.table === name) loseOf(table, loss.keys, now)
    }
  }

  /**
   * Calls `resolve` when all that is in doubt of these tables now was read, and that was taken; at once where nothing
   * is. null: of all tables. Gives what ends the wait.
   */
  awaitReads(names: ReadonlySet<string> | null, resolve: () => void): () => void {
    const awaited = new AwaitedRead(names, resolve)
    const tables = [...this.#tables.values()].filter(({ rows }) => awaited.concerns(rows))
    if (tables.some(({ rows }) => rows.hasDoubts)) this.#awaited.addForNext(awaited)
    else if (tables.some(({ rows }) => this.#round?.tables.has(rows.schema.name)))
      this.#awaited.addForUnderWay(awaited)
    else resolve()
    return () => this.#awaited.delete(awaited)
  }

  /** Forgets what is remembered for long enough. */
  tick(now: number): void {
    for (const { rows } of this.#tables.values()) rows.expire(now)
  }

  /** What is to be read now; null: nothing, or not yet. One round is under way at a time. */
  begin(now: number): ReadRound | null {
    if (this.#round || now < this.#retryAt) return null
    const tables = new Map<string, KeysInDoubt | null>()
    for (const [name, { rows, condition }] of this.#tables) {
      if (!rows.hasDoubts) continue
      tables.set(name, rows.beginRead())
      condition.begun()
    }
    if (tables.size === 0) return null
    this.#round = { tables }
    this.#awaited.begun()
    const reads = [...tables].flatMap(([table, keys]) =>
      partsOf(keys, this.#limits.keysPerRead).map((part) => ({ table, keys: part })),
    )
    for (const { table } of reads) this.#of(table).counts.reads += 1
    return { reads }
  }

  /** Takes all that a round has read, in its order. */
  done({ reads }: ReadRound, results: readonly ReadRows[], now: number): void {
    for (const [place, { table, keys }] of reads.entries()) {
      const result = results[place] as ReadRows
      const { rows } = this.#of(table)
      if (keys === null) rows.takeAll(result, now)
      else rows.takeKeys(keys, result, now)
    }
    const tables = [...(this.#round?.tables.keys() ?? [])].map((name) => this.#of(name))
    for (const { rows, condition } of tables) {
      rows.endRead()
      condition.done(rows.hasDoubts)
    }
    this.#awaited.done(tables.map(({ rows }) => rows))
    this.#round = null
    this.#failures = 0
    this.#retryAt = 0
  }

  /** Nothing of the round is taken; all of it is read again. */
  failed(now: number): void {
    for (const [name, keys] of this.#round?.tables ?? []) {
      const { rows, condition, counts } = this.#of(name)
      rows.endRead()
      rows.failRead(keys)
      condition.failed(now)
      counts.failedReads += 1
    }
    this.#awaited.failed()
    this.#round = null
    const { retryMs, longestRetryMs } = this.#limits
    const pause = Math.min(retryMs * 2 ** this.#failures, longestRetryMs)
    this.#failures += 1
    // Between half of it and all: who failed together does not try again together.
    this.#retryAt = now + pause * (1 - this.#random() / 2)
  }

  /**
   * Takes the updates of one commit, or, where one of them is in doubt or was lost, none: then all of its rows are read
   * again, so that a reader sees all of the commit at once.
   */
  #commit(updates: readonly Update[], from: number, to: number, now: number, isCut: boolean): void {
    const verdicts = this.#verdicts
    let isDoubtful = isCut
    for (let place = from; place < to; place++) {
      const update = updates[place] as Update
      const verdict = this.#of(update.table).rows.judge(update)
      verdicts[place - from] = verdict
      if (verdict === 'doubt') isDoubtful = true
    }
    for (let place = from; place < to; place++) {
      const update = updates[place] as Update
      const { rows, counts } = this.#of(update.table)
      if (verdicts[place - from] === 'drop') counts.dropped += 1
      else if (isDoubtful) {
        rows.doubt(update)
        counts.doubted += 1
      } else {
        rows.apply(update, now)
        counts.applied += 1
      }
    }
  }

  #of(table: string): CoreTable {
    if (table !== this.#last?.rows.schema.name) this.#last = this.#tables.get(table) as CoreTable
    return this.#last
  }
}

function loseOf({ rows, condition }: CoreTable, keys: Loss['keys'], now: number): void {
  condition.lost(now)
  if (keys === undefined) rows.doubtAll()
  else for (const record of keys) rows.doubt({ record, before: undefined })
}

const isOneCommit = (one: Update, other: Update): boolean =>
  one.commit !== null &&
  one.commit === other.commit &&
  one.publisher?.incarnation === other.publisher?.incarnation

/** Parts of at most `most` keys. */
function partsOf(keys: KeysInDoubt | null, most: number): (KeysInDoubt | null)[] {
  if (keys === null || keys.size <= most) return [keys]
  const entries = [...keys]
  return Array.from(
    { length: Math.ceil(entries.length / most) },
    (_, part) => new Map(entries.slice(part * most, (part + 1) * most)),
  )
}
