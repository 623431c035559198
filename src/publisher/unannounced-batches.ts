import type { PublishedStream } from './published-stream.ts'

interface HeldBatch {
  readonly stream: PublishedStream
  readonly first: number
  /** Of its parcel. */
  readonly tables: readonly string[]
}

/** So few are not worth looking through. */
const fewHeld = 1024

/**
 * Batches closed before GENESIS_CLUSTER knew that this process publishes their tables: should the process die
 * now, nobody could be told what is missing. They leave later, out of retention, and what follows behind them.
 * What retention has let go of meanwhile is forgotten whenever they have doubled.
 */
export class UnannouncedBatches {
  readonly #tables = new Set<string>()
  #held: HeldBatch[] = []
  #lookAt = fewHeld

  get isEmpty(): boolean {
    return this.#held.length === 0
  }

  /** GENESIS_CLUSTER does not know of this table yet. */
  add(table: string): void {
    this.#tables.add(table)
  }

  /** It knows of these. True where it has not known of all of them before. */
  announce(tables: readonly string[]): boolean {
    const before = this.#tables.size
    if (before > 0) for (const table of tables) this.#tables.delete(table)
    return this.#tables.size < before
  }

  /** Nobody waits for it to know of any table. */
  giveUp(): void {
    this.#tables.clear()
  }

  /** True where a batch of a parcel of these tables is to be held. */
  mustHold(tables: readonly string[]): boolean {
    if (this.#held.length > 0) return true
    return this.#tables.size > 0 && !this.#areKnown(tables)
  }

  hold(stream: PublishedStream, first: number, tables: readonly string[]): void {
    this.#held.push({ stream, first, tables })
    if (this.#held.length < this.#lookAt) return
    this.#held = this.#held.filter((held) => held.first >= held.stream.firstRetained)
    this.#lookAt = Math.max(fewHeld, 2 * this.#held.length)
  }

  /** What need not be held any longer, in its order. */
  take(): readonly HeldBatch[] {
    const held = this.#held
    const kept = held.findIndex(({ tables }) => !this.#areKnown(tables))
    this.#held = kept === -1 ? [] : held.slice(kept)
    return kept === -1 ? held : held.slice(0, kept)
  }

  #areKnown(tables: readonly string[]): boolean {
    return tables.every((table) => !this.#tables.has(table))
  }
}
