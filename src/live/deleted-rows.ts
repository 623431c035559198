import type { LiveLimits } from './live-limits.ts'
import type { MapKey } from './row-key.ts'

interface DeletedRow {
  readonly version: bigint
  readonly at: number
}

/** Below every version: before the first read whatever comes is newer than what is known. */
const nothingKnown = -(2n ** 63n) - 1n

/**
 * Up to which version a row that is not in the table is known not to be there. One that was deleted has the version of
 * its delete, for a while; all others have that of the last read of the whole table. When a delete is forgotten, the
 * bound of all others rises to it: nothing that is older can bring the row back unasked.
 */
export class DeletedRows {
  readonly #limits: LiveLimits
  /** The oldest first. */
  readonly #rows = new Map<MapKey, DeletedRow>()
  #bound = nothingKnown

  constructor(limits: LiveLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#rows.size
  }

  /** undefined: it is not known that this one was deleted. */
  versionOf(key: MapKey): bigint | undefined {
    return this.#rows.get(key)?.version
  }

  boundOf(key: MapKey): bigint {
    return this.#rows.get(key)?.version ?? this.#bound
  }

  add(key: MapKey, version: bigint, now: number): void {
    this.#rows.delete(key)
    if (version === this.#bound) return
    this.#rows.set(key, { version, at: now })
    if (this.#rows.size > this.#limits.rememberedRows) this.#forgetFirst()
  }

  delete(key: MapKey): void {
    this.#rows.delete(key)
  }

  /** The whole table was read: that of all others, and of those deleted before it. */
  read(bound: bigint): void {
    for (const [key, { version }] of this.#rows) if (version <= bound) this.#rows.delete(key)
    this.#bound = bound
  }

  expire(now: number): void {
    for (const { at } of this.#rows.values()) {
      if (at + this.#limits.rememberedMs > now) return
      this.#forgetFirst()
    }
  }

  #forgetFirst(): void {
    const [first] = this.#rows
    if (!first) return
    const [key, { version }] = first
    this.#rows.delete(key)
    if (version > this.#bound) this.#bound = version
  }
}
