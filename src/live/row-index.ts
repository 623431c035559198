import type { MapKey, RowKey } from './row-key.ts'

/** The rows of a table by some of their fields, which need not tell them apart. */
export class RowIndex {
  readonly #fields: RowKey
  /** Most values have one row in many indexes: a set for each would take more than the rows. */
  readonly #keys = new Map<MapKey, MapKey | Set<MapKey>>()

  constructor(fields: RowKey) {
    this.#fields = fields
  }

  /** The keys of the rows with these values of the fields. */
  keysOf(values: unknown): Iterable<MapKey> {
    const place = this.#fields.ofValue(values)
    const keys = place === undefined ? undefined : this.#keys.get(place)
    if (keys instanceof Set) return keys
    return keys === undefined ? [] : [keys]
  }

  /** A row has changed. One that lacks a field of the index is not in it. */
  move(key: MapKey, before: object | undefined, after: object | undefined): void {
    const [from, to] = [before && this.#fields.of(before), after && this.#fields.of(after)]
    if (from === to) return
    if (from !== undefined) this.#remove(from, key)
    if (to !== undefined) this.#add(to, key)
  }

  #add(place: MapKey, key: MapKey): void {
    const keys = this.#keys.get(place)
    if (keys === undefined) this.#keys.set(place, key)
    else if (keys instanceof Set) keys.add(key)
    else this.#keys.set(place, new Set([keys, key]))
  }

  #remove(place: MapKey, key: MapKey): void {
    const keys = this.#keys.get(place)
    if (!(keys instanceof Set)) this.#keys.delete(place)
    else if (keys.delete(key) && keys.size === 0) this.#keys.delete(place)
  }
}
