// The core of live tables, with what it is told in short.
import type { Loss } from '../../src/model/loss.ts'
import type { Update, UpdateKind } from '../../src/model/update.ts'
import { LiveCore, type ReadRound } from '../../src/live/live-core.ts'
import { liveLimits } from '../../src/live/live-limits.ts'
import { RowKey } from '../../src/live/row-key.ts'
import { noBound } from '../../src/live/row-version.ts'

export interface Row {
  readonly ID: string
  readonly VALUE: number
  readonly VERSION?: bigint
}

export const limits = { ...liveLimits, keysPerRead: 2, wholeFromKeys: 5, rememberedRows: 2 }
export const row = (ID: string, VALUE: number, VERSION?: bigint): Row => ({
  ID,
  VALUE,
  ...(VERSION !== undefined && { VERSION }),
})

/** A core of tables A and B, with what it is told in short. */
export class LiveStage {
  readonly core: LiveCore
  now = 0
  commit = 0

  constructor({ versionField = null as string | null, readsKeys = true } = {}) {
    this.core = new LiveCore(
      ['A', 'B'].map((name) => ({
        name,
        key: new RowKey('ID'),
        versionField,
        test: null,
        readsKeys,
      })),
      limits,
      () => 0,
    )
  }

  /** Opened, with these rows read at the version. */
  opened(records: readonly Row[], bound = 10n): this {
    this.core.ready()
    this.take(this.begin(), records, bound)
    return this
  }

  change(kind: UpdateKind, record: Row, version?: bigint, more: Partial<Update> = {}): Update {
    const publisher = { node: 'n', process: 'P', instance: '', incarnation: 'p' }
    const numbers = { sequence: 1, commit: ++this.commit, publishedAt: 0 }
    return {
      table: 'A',
      kind,
      record,
      before: undefined,
      version,
      publisher,
      ...numbers,
      ...more,
    }
  }

  tell(kind: UpdateKind, record: Row, version?: bigint, more: Partial<Update> = {}): void {
    this.core.updates([this.change(kind, record, version, more)], this.now)
  }

  lose(loss: Partial<Loss> & { keys?: Record<string, unknown>[] } = {}): void {
    const lost = { table: 'A', publisher: null, from: 1, to: 1, reason: 'evicted' as const }
    this.core.losses([{ ...lost, ...loss }], this.now)
  }

  begin(): ReadRound {
    const round = this.core.begin(this.now)
    if (!round) throw new Error('there is nothing to read')
    return round
  }

  /** What the round has read: of all its reads the same rows. */
  take(round: ReadRound, records: readonly Row[], bound = noBound): void {
    const results = round.reads.map(({ table, keys }) => ({
      records: table === 'B' ? [] : records.filter(({ ID }) => keys === null || keys.has(ID)),
      bound,
    }))
    this.core.done(round, results, this.now)
  }

  get values(): Record<string, number> {
    return Object.fromEntries(
      [...this.core.rowsOf('A').records()].map((each) => [(each as Row).ID, (each as Row).VALUE]),
    )
  }

  get state(): string {
    return this.core.conditionOf('A').state
  }

  /** What it would read now, by table. */
  get wanted(): string[] {
    const round = this.core.begin(this.now)
    return (
      round?.reads.map(
        ({ table, keys }) => `${table} ${keys ? [...keys.keys()].join(' ') : 'all'}`,
      ) ?? []
    )
  }
}
