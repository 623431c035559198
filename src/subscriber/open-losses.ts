/** No tables. */
export const none: ReadonlySet<string> = new Set()

/**
 * The open losses of one publisher that is gone, of which it is not known how far they go: which the application is
 * still to be told, and which it was told in tables that have no stream. A stream knows by itself.
 */
export class OpenLosses {
  #areOwed = false
  #isOwedInAny = false
  #isToldInAny = false
  /** See `SharedTables`: many may have the same. */
  #toldIn = none
  #onlyTables: ReadonlySet<string> | null = null

  /** Those of some of its streams have not been told. */
  get areOwed(): boolean {
    return this.#areOwed
  }

  /** The one in any table has not been told, to a subscription to all. */
  get isOwedInAny(): boolean {
    return this.#isOwedInAny
  }

  /** The one in any table has been told, and its end has not. */
  get isToldInAny(): boolean {
    return this.#isToldInAny
  }

  /** Tables with an open loss that has been told, and its end has not; some may have a stream by now. */
  get toldIn(): ReadonlySet<string> {
    return this.#toldIn
  }

  /** The publisher can have published these tables only; null: any. */
  get onlyTables(): ReadonlySet<string> | null {
    return this.#onlyTables
  }

  /** The publisher is gone: all are to be told. `isOfAll`: also the one in any table. */
  owe(onlyTables: ReadonlySet<string> | null, isOfAll: boolean): void {
    this.#areOwed = true
    this.#onlyTables = onlyTables
    this.#isOwedInAny = isOfAll && !this.#isToldInAny && onlyTables === null
  }

  /** The publisher is not gone: none is to be told. */
  oweNone(): void {
    this.#areOwed = false
    this.#isOwedInAny = false
  }

  /** Those of all streams are told now, but where something is held. */
  toldOfStreams(isSomethingHeld: boolean): void {
    this.#areOwed = isSomethingHeld
  }

  /** Those in these tables are told, as far as they have no stream. */
  toldOfTables(tables: ReadonlySet<string>): void {
    const before = this.#toldIn
    if (before === tables || before.isSupersetOf(tables)) return
    this.#toldIn = tables.isSupersetOf(before) ? tables : before.union(tables)
  }

  toldOfAny(): void {
    this.#isOwedInAny = false
    this.#isToldInAny = true
  }

  /** The publisher has said all that it published: the ends of those in tables without a stream, and in any, are told. */
  ended(): void {
    this.#toldIn = none
    this.#isToldInAny = false
  }
}
