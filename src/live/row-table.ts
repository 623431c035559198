import type { Update } from '../model/update.ts'
import { DeletedRows } from './deleted-rows.ts'
import { type ChangedRow, FoldedChanges } from './folded-changes.ts'
import type { LiveLimits } from './live-limits.ts'
import type { MapKey } from './row-key.ts'
import type { RowIndex } from './row-index.ts'
import { noPlace, RowStore } from './row-store.ts'
import { noBound, versionIn } from './row-version.ts'
import { isSameRecord } from './same-record.ts'
import type { TableSchema } from './table-schema.ts'

/**
 * What is to be done with an update: it is newer than the row; it is older; or nobody can tell, and the row has to be
 * read again.
 */
export type RowVerdict = 'apply' | 'drop' | 'doubt'

/** Keys as a Map has them, and as the application has them. */
export type KeysInDoubt = ReadonlyMap<MapKey, unknown>

/** What a read gave: records with the table's key, and a version that none of the changes it shows exceeds. */
export interface ReadRows {
  readonly records: readonly object[]
  readonly bound: bigint
}

/** The rows of one table, and what decides about them. Knows no time and reads nothing itself. */
export class RowTable {
  readonly schema: TableSchema
  readonly #limits: LiveLimits
  readonly #rows = new RowStore()
  readonly #deleted: DeletedRows
  readonly #indexes = new Set<RowIndex>()
  readonly #changes = new FoldedChanges()
  #isWatched = false
  /** Keys to be read again. */
  #doubts = new Map<MapKey, unknown>()
  #isAllInDoubt = false
  /** While a read is under way: what has changed since it began. */
  #touched: Map<MapKey, unknown> | null = null
  readonly #leftInDoubt = new Map<MapKey, bigint>()
  /** What was judged last, with its key and version: mostly it is applied next. */
  #judged: Update | null = null
  #judgedKey: MapKey | undefined
  #judgedVersion: bigint | undefined

  constructor(schema: TableSchema, limits: LiveLimits) {
    this.schema = schema
    this.#limits = limits
    this.#deleted = new DeletedRows(limits)
  }

  get size(): number {
    return this.#rows.size
  }

  get remembered(): number {
    return this.#deleted.size
  }

  get hasDoubts(): boolean {
    return this.#isAllInDoubt || this.#doubts.size > 0
  }

  /** Rows that the last read has left in doubt, each with the version that the read says of itself. */
  get leftInDoubt(): ReadonlyMap<MapKey, bigint> {
    return this.#leftInDoubt
  }

  get(key: MapKey | undefined): object | undefined {
    return key === undefined ? undefined : this.#rows.get(key)
  }

  records(): IterableIterator<object> {
    return this.#rows.records()
  }

  /** Somebody wants to be told of changes: they are kept from now on. */
  watch(): void {
    this.#isWatched = true
  }

  /** Nobody does any more. */
  unwatch(): void {
    this.#isWatched = false
  }

  takeChanges(): ChangedRow[] {
    return this.#changes.take()
  }

  addIndex(index: RowIndex): void {
    this.#indexes.add(index)
    for (const [key, record] of this.#rows.entries()) index.move(key, undefined, record)
  }

  /** Compares an update with what is known of its row; of its old one, too, where it changed the key. */
  judge(update: Update): RowVerdict {
    const { key } = this.schema
    const mapKey = this.#keyOf(update)
    const version = this.#judgedVersion
    if (mapKey === undefined || version === undefined) return 'doubt'
    const verdict = this.#judgeRow(mapKey, version, update)
    const old = update.before && key.recordBefore(update.before, update.record)
    if (!old || verdict === 'doubt') return verdict
    const oldKey = key.of(old)
    const ofOld = oldKey === undefined ? 'doubt' : this.#judgeRow(oldKey, version, null)
    return ofOld === 'drop' ? verdict : ofOld
  }

  /** Does what an update says that was judged to be newer. */
  apply(update: Update, now: number): void {
    const { key } = this.schema
    const { record, before } = update
    const mapKey = this.#keyOf(update) as MapKey
    const version = this.#judgedVersion as bigint
    const after = this.#isGone(update) ? undefined : record
    const old = before && key.recordBefore(before, record)
    if (!old) {
      this.#put(mapKey, after, version, true, now)
      this.#touched?.set(mapKey, key.valueOf(record))
      return
    }
    for (const [each, then] of [
      [old, undefined],
      [record, after],
    ] as const) {
      const eachKey = key.of(each) as MapKey
      // Of the two keys one may be known better. Several changes of one commit may have one version.
      if (this.#isOlder(version, eachKey, then)) continue
      this.#put(eachKey, then, version, true, now)
      this.#touched?.set(eachKey, key.valueOf(each))
    }
  }

  /** The rows of an update have to be read again. */
  doubt({ record, before }: Pick<Update, 'record' | 'before'>): void {
    const { key } = this.schema
    const old = before && key.recordBefore(before, record)
    for (const each of old ? [old, record] : [record])
      this.doubtKey(key.of(each), key.valueOf(each))
  }

  /** `value`: the key as the application has it. One that cannot be read may be any. */
  doubtKey(mapKey: MapKey | undefined, value: unknown): void {
    if (this.#isAllInDoubt) return
    if (mapKey === undefined || !this.schema.readsKeys) return this.doubtAll()
    this.#doubts.set(mapKey, value)
    const { size } = this.#doubts
    if (size >= this.#limits.wholeFromKeys && size >= this.#rows.size / 2) this.doubtAll()
  }

  doubtAll(): void {
    this.#isAllInDoubt = true
    this.#doubts.clear()
  }

  /** A read begins of all that is in doubt: those keys, or null for all. */
  beginRead(): KeysInDoubt | null {
    const keys = this.#isAllInDoubt ? null : this.#doubts
    this.#isAllInDoubt = false
    this.#doubts = new Map()
    this.#touched = new Map()
    this.#leftInDoubt.clear()
    return keys
  }

  endRead(): void {
    this.#touched = null
  }

  /** What it was to read is in doubt as before. */
  failRead(keys: KeysInDoubt | null): void {
    if (keys === null) this.doubtAll()
    else if (!this.#isAllInDoubt) for (const [key, value] of keys) this.#doubts.set(key, value)
  }

  /** Takes what was read of the whole table. */
  takeAll({ records, bound }: ReadRows, now: number): void {
    const { key } = this.schema
    const missing = new Set(this.#rows.keys())
    for (const record of records) {
      const mapKey = key.of(record) as MapKey
      missing.delete(mapKey)
      this.#take(mapKey, record, bound, now)
    }
    for (const mapKey of missing)
      if (this.#touched?.has(mapKey)) this.#take(mapKey, undefined, bound, now)
      else this.#remove(mapKey)
    this.#deleted.read(bound)
  }

  /** Takes what was read of some keys. */
  takeKeys(keys: KeysInDoubt, { records, bound }: ReadRows, now: number): void {
    const { key } = this.schema
    const found = new Map(records.map((record) => [key.of(record) as MapKey, record]))
    for (const mapKey of keys.keys()) this.#take(mapKey, found.get(mapKey), bound, now)
  }

  expire(now: number): void {
    this.#deleted.expire(now)
  }

  /** Its key; its version is `#judgedVersion` then. */
  #keyOf(update: Update): MapKey | undefined {
    if (update === this.#judged) return this.#judgedKey
    const { key, versionField } = this.schema
    this.#judged = update
    this.#judgedVersion = versionOf(update, versionField)
    return (this.#judgedKey = key.of(update.record))
  }

  /** `update`: what it says of this row; null: that the row is not there under this key any more. */
  #judgeRow(key: MapKey, version: bigint, update: Update | null): RowVerdict {
    const place = this.#rows.placeOf(key)
    if (place !== noPlace) {
      if (version > this.#rows.versionAt(place)) return 'apply'
      return this.#rows.isExactAt(place) ? 'drop' : 'doubt'
    }
    if (version > this.#deleted.boundOf(key)) return 'apply'
    // That it is not there is known already, unless a read under way still finds it.
    return !this.#touched && (update === null || this.#isGone(update)) ? 'drop' : 'doubt'
  }

  /** Of a row that was judged without doubt. What was deleted may have been forgotten since, for the first of the keys. */
  #isOlder(version: bigint, key: MapKey, after: object | undefined): boolean {
    const place = this.#rows.placeOf(key)
    if (place !== noPlace) return version < this.#rows.versionAt(place)
    if (after === undefined) return version <= this.#deleted.boundOf(key)
    return version < (this.#deleted.versionOf(key) ?? version)
  }

  #isGone({ kind, record }: Update): boolean {
    const { test } = this.schema
    return kind === 'delete' || (test !== null && !test.passes(record, undefined))
  }

  /** What it has or does not exceed; of one that is not there, up to where this is known. */
  versionOf(key: MapKey): bigint {
    const place = this.#rows.placeOf(key)
    return place === noPlace ? this.#deleted.boundOf(key) : this.#rows.versionAt(place)
  }

  /**
   * Takes a row, or that it is not there, from a read. What has changed since the read began is newer by its version,
   * or in doubt again; of all else the read is at least as new as what is known.
   */
  #take(key: MapKey, record: object | undefined, bound: bigint, now: number): void {
    const version = record && versionIn(record, this.schema.versionField)
    if (this.#touched?.has(key)) {
      const known = this.versionOf(key)
      if (known > bound || (version !== undefined && known >= version)) return
      if (version === undefined) {
        this.#leftInDoubt.set(key, bound)
        return this.doubtKey(key, this.#touched.get(key))
      }
    }
    const held = this.#rows.get(key)
    // What is read again is mostly what was there: whoever holds the record keeps it.
    const isSame = record !== undefined && held !== undefined && isSameRecord(held, record)
    this.#put(key, isSame ? held : record, version ?? bound, version !== undefined, now)
  }

  #put(
    key: MapKey,
    record: object | undefined,
    version: bigint,
    isExact: boolean,
    now: number,
  ): void {
    const place = this.#rows.placeOf(key)
    if (record === undefined) {
      this.#remove(key)
      this.#deleted.add(key, version, now)
    } else if (place === noPlace) {
      this.#rows.add(key, record, version, isExact)
      this.#deleted.delete(key)
      this.#changed(key, undefined, record)
    } else {
      const before = this.#rows.recordAt(place)
      this.#rows.put(place, record, version, isExact)
      if (before !== record) this.#changed(key, before, record)
    }
  }

  #remove(key: MapKey): void {
    const place = this.#rows.placeOf(key)
    if (place === noPlace) return
    const before = this.#rows.recordAt(place)
    this.#rows.delete(key, place)
    this.#changed(key, before, undefined)
  }

  #changed(key: MapKey, before: object | undefined, after: object | undefined): void {
    for (const index of this.#indexes) index.move(key, before, after)
    if (this.#isWatched) this.#changes.add(key, before, after)
  }
}

/** Of a delete the record is the last one that was there: the delete itself is newer. */
function versionOf({ version, record, kind }: Update, field: string | null): bigint | undefined {
  if (version !== undefined) return version
  const ofRecord = versionIn(record, field)
  if (ofRecord === undefined || ofRecord === noBound) return undefined
  return kind === 'delete' ? ofRecord + 1n : ofRecord
}
