import type { MapKey } from './row-key.ts'
import type { RowTable } from './row-table.ts'

/** A row that a read has left in doubt: it shows what was read when it is newer than that, or read once more. */
interface OwedRow {
  readonly rows: RowTable
  readonly key: MapKey
  readonly bound: bigint
}

/** Somebody who waits until what is in doubt of some tables was read; null: of all. */
export class AwaitedRead {
  readonly tables: ReadonlySet<string> | null
  readonly resolve: () => void
  owed: readonly OwedRow[] = []

  constructor(tables: ReadonlySet<string> | null, resolve: () => void) {
    this.tables = tables
    this.resolve = resolve
  }

  concerns({ schema }: RowTable): boolean {
    return this.tables === null || this.tables.has(schema.name)
  }
}

/** Who waits for which round of reads. */
export class AwaitedReads {
  /** For the round that begins next, as all does that is in doubt now. */
  readonly #next = new Set<AwaitedRead>()
  readonly #underWay = new Set<AwaitedRead>()
  /** For rows that the round has left in doubt. */
  readonly #owed = new Set<AwaitedRead>()

  addForNext(awaited: AwaitedRead): void {
    this.#next.add(awaited)
  }

  addForUnderWay(awaited: AwaitedRead): void {
    this.#underWay.add(awaited)
  }

  delete(awaited: AwaitedRead): void {
    for (const each of [this.#next, this.#underWay, this.#owed]) each.delete(awaited)
  }

  begun(): void {
    for (const awaited of this.#next) this.#underWay.add(awaited)
    this.#next.clear()
  }

  /** What it was to read is read by the next one. */
  failed(): void {
    for (const awaited of this.#underWay) this.#next.add(awaited)
    this.#underWay.clear()
  }

  /** These tables were read. A row that it has left in doubt is in the round that follows it. */
  done(tables: readonly RowTable[]): void {
    for (const awaited of this.#owed)
      awaited.owed = awaited.owed.filter(({ rows, key }) => rows.leftInDoubt.has(key))
    for (const awaited of this.#underWay) {
      awaited.owed = tables
        .filter((rows) => awaited.concerns(rows))
        .flatMap((rows) => Array.from(rows.leftInDoubt, ([key, bound]) => ({ rows, key, bound })))
      this.#owed.add(awaited)
    }
    this.#underWay.clear()
    this.check()
  }

  /** Rows may have changed. */
  check(): void {
    for (const awaited of this.#owed) {
      awaited.owed = awaited.owed.filter(({ rows, key, bound }) => rows.versionOf(key) <= bound)
      if (awaited.owed.length > 0) continue
      this.#owed.delete(awaited)
      awaited.resolve()
    }
  }
}
