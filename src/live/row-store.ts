import type { MapKey } from './row-key.ts'

/** Places that are made at once, at least. */
const leastPlaces = 64

/** A row that is not there. */
export const noPlace = -1

/**
 * Records by their keys, each with what is known of its version. What is known lies in columns beside the records, not
 * in an object for each: with a million rows those would take a third of the memory.
 */
export class RowStore {
  readonly #places = new Map<MapKey, number>()
  readonly #records: (object | undefined)[] = []
  #versions = new BigInt64Array(leastPlaces)
  #isExact = new Uint8Array(leastPlaces)
  /** Places of rows that are gone. */
  readonly #free: number[] = []
  /** What was looked for last: an update is compared first, and applied then. */
  #lastKey: MapKey | undefined
  #lastPlace = noPlace

  get size(): number {
    return this.#places.size
  }

  placeOf(key: MapKey): number {
    if (key === this.#lastKey) return this.#lastPlace
    this.#lastKey = key
    return (this.#lastPlace = this.#places.get(key) ?? noPlace)
  }

  /** The record of a key, for who reads: what was looked for last is left to updates. */
  get(key: MapKey): object | undefined {
    const place = this.#places.get(key)
    return place === undefined ? undefined : this.#records[place]
  }

  recordAt(place: number): object {
    return this.#records[place] as object
  }

  /** The version that it has or, where that is not known exactly, one that it does not exceed. */
  versionAt(place: number): bigint {
    return this.#versions[place] as bigint
  }

  isExactAt(place: number): boolean {
    return this.#isExact[place] === 1
  }

  put(place: number, record: object, version: bigint, isExact: boolean): void {
    this.#records[place] = record
    this.#versions[place] = version
    this.#isExact[place] = isExact ? 1 : 0
  }

  add(key: MapKey, record: object, version: bigint, isExact: boolean): void {
    const place = this.#free.pop() ?? this.#records.length
    if (place === this.#versions.length) this.#grow()
    this.#places.set(key, place)
    this.#lastKey = undefined
    this.put(place, record, version, isExact)
  }

  delete(key: MapKey, place: number): void {
    this.#places.delete(key)
    this.#lastKey = undefined
    this.#records[place] = undefined
    this.#free.push(place)
  }

  keys(): IterableIterator<MapKey> {
    return this.#places.keys()
  }

  *records(): Generator<object, undefined> {
    for (const place of this.#places.values()) yield this.recordAt(place)
  }

  *entries(): Generator<[MapKey, object], undefined> {
    for (const [key, place] of this.#places) yield [key, this.recordAt(place)]
  }

  #grow(): void {
    const places = this.#versions.length * 2
    const [versions, isExact] = [this.#versions, this.#isExact]
    this.#versions = new BigInt64Array(places)
    this.#versions.set(versions)
    this.#isExact = new Uint8Array(places)
    this.#isExact.set(isExact)
  }
}
