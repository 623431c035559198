// A database with several writers that commit in one order and are heard in another, and whoever keeps a copy of it:
// all decided by a seed, on a simulated clock.
import { type Random, seededRandom } from '../../src/base/random.ts'
import type { Loss } from '../../src/model/loss.ts'
import type { Update, UpdateKind } from '../../src/model/update.ts'
import type { ReadRows } from '../../src/live/row-table.ts'
import type { ReadRound, TableRead } from '../../src/live/live-core.ts'
import { noBound } from '../../src/live/row-version.ts'
import { SimulatedClock } from '../../src/testing/simulation/simulated-clock.ts'

export interface Row {
  readonly ID: string
  readonly VALUE: number
  readonly VERSION: bigint
}

type Tables = Record<string, Map<string, Row>>

/** What a commit has made of a row: its place among all states of this row. */
interface CommittedRow {
  readonly table: string
  readonly id: string
  readonly place: number
}

/** Who keeps a copy: what it is told, and what it wants read. */
export interface Keeper {
  ready(): void
  updates(updates: readonly Update[], now: number): void
  losses(losses: readonly (Loss & { keys?: readonly { ID: string }[] })[], now: number): void
  begin(now: number): ReadRound | null
  done(round: ReadRound, results: readonly ReadRows[], now: number): void
  failed(now: number): void
  tick(now: number): void
  readonly nextAt: number
  readonly isSettled: boolean
  /** Calls `resolve` when what it was told until now of these tables is in its rows. */
  awaitReads?(tables: ReadonlySet<string>, resolve: () => void): unknown
  rows(table: string): Row[]
}

export interface RaceOptions {
  /** How updates are numbered: when the row is locked, when it is committed, or not at all. */
  readonly versions: 'locked' | 'committed' | 'none'
  /** Of so many updates one has no version all the same. */
  readonly unversionedEvery?: number
  /** A read says a version that nothing in it exceeds. */
  readonly readsBound: boolean
}

export const tableNames = ['TRADE', 'POSITION'] as const

const writers = 4
const keys = 6
const writingMs = 3_000
const changes = 220
/** Every so many commits nobody publishes, and every so many are lost on their way. */
const bypassEvery = 25
const lostEvery = 15

/** One race; `rowsInDatabase` is what the keeper has to have at its end. */
export class Race {
  readonly clock = new SimulatedClock()
  readonly #random: Random
  readonly #options: RaceOptions
  readonly #keeper: Keeper
  readonly #tables: Tables = { TRADE: new Map(), POSITION: new Map() }
  readonly #locked = new Set<string>()
  /** The values that each row has had, in the order of its commits; undefined: it was not there. */
  readonly #states = new Map<string, (number | undefined)[]>()
  readonly #commits = Array.from({ length: writers }, () => 0)
  /** When what a writer published last arrives: later it does not come before. */
  readonly #arrivals = Array.from({ length: writers }, () => 0)
  #version = 0n
  #value = 0
  #subscribedAt = Infinity
  #unseen = 0
  readonly #seenEarly: string[] = []

  constructor(seed: number, options: RaceOptions, keeper: Keeper) {
    this.#random = seededRandom(seed)
    this.#options = options
    this.#keeper = keeper
    for (let index = 0; index < changes; index++)
      this.clock.after(this.#random() * writingMs, () =>
        this.#change(Math.floor(this.#random() * writers)),
      )
    this.clock.after(this.#random() * 300, () => {
      this.#subscribedAt = this.clock.now()
      keeper.ready()
      this.#read()
    })
  }

  /** Until all has come and been read. */
  run(): void {
    const { clock } = this
    while (clock.nextAt < Infinity) {
      clock.step()
      this.#keeper.tick(clock.now())
      this.#read()
      if (clock.nextAt === Infinity && this.#keeper.nextAt < Infinity)
        clock.after(this.#keeper.nextAt - clock.now(), () => undefined)
    }
  }

  /** Commits that were seen before they were in the copy, and those that never were. */
  mistakenlySeen(): string[] {
    return this.#unseen === 0
      ? this.#seenEarly
      : [...this.#seenEarly, `${this.#unseen} commits are never seen`]
  }

  /** By table, the rows that differ: what the database has, and what the keeper has. */
  differences(): string[] {
    return tableNames.flatMap((table) => {
      const held = new Map(this.#keeper.rows(table).map((row) => [row.ID, row]))
      const there = this.#tables[table] as Map<string, Row>
      const ids = new Set([...held.keys(), ...there.keys()])
      return [...ids].flatMap((id) => {
        const [is, was] = [there.get(id), held.get(id)]
        return is?.VALUE === was?.VALUE && is?.VERSION === was?.VERSION
          ? []
          : [`${table} ${id}: ${is?.VALUE} in the database, ${was?.VALUE} in the copy`]
      })
    })
  }

  /** A transaction: it locks its rows, commits, and is published some time later. */
  #change(writer: number): void {
    const wanted = Array.from({ length: 1 + Math.floor(this.#random() * 3) }, () => ({
      table: tableNames[Math.floor(this.#random() * 2)] as string,
      id: `K${Math.floor(this.#random() * keys)}`,
    })).filter(({ table, id }) => !this.#locked.has(`${table} ${id}`))
    const rows = wanted.filter(
      (one, place) =>
        wanted.findIndex(({ table, id }) => table === one.table && id === one.id) === place,
    )
    const updates = rows.flatMap(({ table, id }) => this.#changeRow(table, id))
    for (const { table, ids } of updates) for (const id of ids) this.#locked.add(`${table} ${id}`)
    this.clock.after(this.#random() < 0.7 ? 0 : this.#random() * 60, () => {
      const states: CommittedRow[] = []
      const commit = updates.map(({ table, ids, kind, record, before, version }) => {
        for (const id of ids) this.#locked.delete(`${table} ${id}`)
        const rowVersion = this.#options.versions === 'committed' ? ++this.#version : version
        const row = { ...record, VERSION: rowVersion }
        const map = this.#tables[table] as Map<string, Row>
        if (before) map.delete(before.ID)
        if (kind !== 'delete') map.set(row.ID, row)
        for (const id of ids) states.push(this.#note(table, id))
        return {
          table,
          kind,
          record: kind === 'delete' ? (before as Row) : row,
          before,
          version: rowVersion,
        }
      })
      this.#publish(writer, commit, states)
    })
  }

  #note(table: string, id: string): CommittedRow {
    const name = `${table} ${id}`
    const states = this.#states.get(name) ?? [undefined]
    this.#states.set(name, states)
    states.push(this.#tables[table]?.get(id)?.VALUE)
    return { table, id, place: states.length - 1 }
  }

  /** The copy has to have each of these rows as it was then, or as it became later. */
  #awaitSeen(rows: readonly CommittedRow[]): void {
    if (!this.#keeper.awaitReads) return
    this.#unseen += 1
    this.#keeper.awaitReads(new Set(rows.map(({ table }) => table)), () => {
      this.#unseen -= 1
      for (const { table, id, place } of rows) {
        const held = this.#keeper.rows(table).find(({ ID }) => ID === id)?.VALUE
        if ((this.#states.get(`${table} ${id}`)?.lastIndexOf(held) ?? -1) < place)
          this.#seenEarly.push(`${table} ${id} is seen at ${this.clock.now()}, and has ${held}`)
      }
    })
  }

  #changeRow(table: string, id: string) {
    const there = this.#tables[table] as Map<string, Row>
    const before = there.get(id)
    const version = ++this.#version
    const VALUE = ++this.#value
    const chance = this.#random()
    const free = Array.from({ length: keys }, (_, index) => `K${index}`).find(
      (other) => !there.has(other) && !this.#locked.has(`${table} ${other}`) && other !== id,
    )
    // A new key for the row, where there is one.
    if (before && chance < 0.15 && free !== undefined) {
      this.#locked.add(`${table} ${free}`)
      return [
        {
          table,
          ids: [id, free],
          kind: 'modify' as UpdateKind,
          record: { ID: free, VALUE, VERSION: version },
          before,
          version,
        },
      ]
    }
    const kind: UpdateKind = before ? (chance < 0.4 ? 'delete' : 'modify') : 'insert'
    return [
      { table, ids: [id], kind, record: { ID: id, VALUE, VERSION: version }, before, version },
    ]
  }

  #publish(
    writer: number,
    changed: readonly Pick<Update, 'table' | 'kind' | 'record' | 'before' | 'version'>[],
    states: readonly CommittedRow[],
  ): void {
    if (changed.length === 0) return
    const { random } = { random: this.#random }
    const commit = (this.#commits[writer] = (this.#commits[writer] ?? 0) + 1)
    const stall = random() < 0.8 ? random() * 5 : random() * 800
    const travel = random() < 0.9 ? random() * 5 : random() * 300
    const isBypass = random() < 1 / bypassEvery
    const isLost = random() < 1 / lostEvery
    const { unversionedEvery } = this.#options
    this.clock.after(stall, () => {
      // Who had published before is not heard.
      if (this.clock.now() < this.#subscribedAt) return
      const at = Math.max(this.clock.now() + travel, this.#arrivals[writer] ?? 0)
      this.#arrivals[writer] = at
      const updates = changed.map((change, place) => ({
        ...change,
        version:
          this.#options.versions === 'none' ||
          (unversionedEvery !== undefined && (commit + place) % unversionedEvery === 0)
            ? undefined
            : change.version,
        publisher: { node: 'a', process: `W${writer}`, instance: '', incarnation: String(writer) },
        sequence: commit,
        commit,
        publishedAt: 0,
      })) as unknown as Update[]
      this.clock.after(at - this.clock.now(), () => {
        this.#arrive(updates, isBypass, isLost)
        this.#awaitSeen(states)
      })
    })
  }

  #arrive(updates: readonly Update[], isBypass: boolean, isLost: boolean): void {
    const now = this.clock.now()
    const loss = { publisher: null, from: null, to: null, reason: 'gone' } as const
    if (isBypass)
      for (const { table, record, before } of updates) {
        const changed = [record, before].flatMap((row) => (row ? [{ ID: (row as Row).ID }] : []))
        this.#keeper.losses([{ ...loss, table, keys: changed }], now)
      }
    else if (isLost)
      this.#keeper.losses(
        updates.map(({ table }) => ({ ...loss, table })),
        now,
      )
    else this.#keeper.updates(updates, now)
  }

  /** Begins what is to be read: each read sees the database at some moment between its beginning and its end. */
  #read(): void {
    const round = this.#keeper.begin(this.clock.now())
    if (!round) return
    const isFailing = this.#random() < 0.1
    const results: ReadRows[] = []
    let left = round.reads.length
    const ended = (): void => {
      left -= 1
      if (left > 0) return
      if (isFailing) this.#keeper.failed(this.clock.now())
      else this.#keeper.done(round, results, this.clock.now())
    }
    for (const [place, read] of round.reads.entries())
      this.clock.after(this.#random() * 40, () => {
        results[place] = this.#snapshot(read)
        this.clock.after(this.#random() * 40, ended)
      })
  }

  #snapshot({ table, keys }: TableRead): ReadRows {
    const rows = [...(this.#tables[table] as Map<string, Row>).values()]
    const records = keys === null ? rows : rows.filter(({ ID }) => keys.has(ID))
    return { records, bound: this.#options.readsBound ? this.#version : noBound }
  }
}
