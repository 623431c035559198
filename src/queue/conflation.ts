import type { ConflatedRange, ConflatedUpdate, Delivery, TablesOf } from '../model/update.ts'
import type { Update, UpdateKind } from '../model/update.ts'
import type { Consumable, StreamPosition } from '../subscriber/subscription-output.ts'
import type { ConflationKeys, KeyReader, KeyValue } from './conflation-key.ts'

/** The first of the updates that an entry stands for: it tells what was there before them all. */
interface First extends Pick<Update, 'kind' | 'version'> {
  readonly before: object | undefined
  readonly bytes: number
}

/** What is delivered of one key. */
interface FoldedUpdate {
  latest: Update
  latestBytes: number
  /** The highest of the versions that it stands for, if any has one: what came without one may be the latest. */
  version: bigint | undefined
  first: First
  count: number
  /** It changes the key of its record: nothing is folded over it, and it stays as it was published. */
  readonly isMove: boolean
}

/** What is known of one key: the entry that came last of it, and the highest version. */
interface KnownKey {
  entry: FoldedUpdate
  version: bigint | undefined
}

/** One table of a conflation. */
interface Folding {
  readonly reader: KeyReader | null
  /** By key: what the next update of it is folded into, or comes behind. */
  readonly known: Map<string, KnownKey>
  /** By incarnation: the range that the next update of it continues. */
  readonly ranges: Map<string, { -readonly [Field in keyof ConflatedRange]: ConflatedRange[Field] }>
  folded: number
}

export interface ConflationOutput {
  /** A record has no such field: its updates are delivered one by one. */
  keyMissing(table: string, field: string): void
  /** So many updates will not be delivered themselves. */
  folded(updates: number): void
}

/**
 * What waits for a slow application, folded to the latest update of each key. It takes whole
 * deliveries, so it holds whole commits; losses stand between two conflations, never in one.
 */
export class Conflation<Tables extends TablesOf> {
  readonly #keys: ConflationKeys
  readonly #output: ConflationOutput
  /** In the order in which their latest updates came. */
  readonly #entries = new Set<FoldedUpdate>()
  readonly #tables = new Map<string, Folding>()
  readonly #ranges: ConflatedRange[] = []
  readonly #positions = new Map<Consumable, number>()
  #bytes = 0
  #folded = 0
  #isIncomplete = false
  #oldestAt: number | null = null

  constructor(keys: ConflationKeys, output: ConflationOutput) {
    this.#keys = keys
    this.#output = output
  }

  /** What it weighs against the limit: publishers come and go, so their ranges count as well. */
  get updates(): number {
    return this.#entries.size + this.#ranges.length
  }

  /** Encoded bytes of what it keeps. */
  get bytes(): number {
    return this.#bytes
  }

  /** When the first update was published that was folded in; null: none was. */
  get oldestAt(): number | null {
    return this.#oldestAt
  }

  get positions(): StreamPosition[] {
    return [...this.#positions].map(([stream, last]) => ({ stream, last }))
  }

  /**
   * Folds in the updates of one delivery, which comes after all that were folded in before. All of them or,
   * where a key cannot be read and this throws, none.
   */
  fold(
    updates: readonly Update[],
    isIncomplete: boolean,
    bytes: number,
    positions: readonly StreamPosition[],
  ): void {
    const bytesEach = updates.length === 0 ? 0 : bytes / updates.length
    const before = this.#folded
    const keys = updates.map((update) => this.#foldingOf(update.table).reader?.read(update.record))
    this.#oldestAt ??= updates[0]?.publishedAt ?? null
    for (const [index, update] of updates.entries()) this.#take(update, keys[index], bytesEach)
    for (const { stream, last } of positions)
      this.#positions.set(stream, Math.max(last, this.#positions.get(stream) ?? 0))
    this.#isIncomplete ||= isIncomplete
    if (this.#folded > before) this.#output.folded(this.#folded - before)
  }

  get delivery(): Delivery<Tables> {
    const tables = [...this.#tables].map(([table, { folded }]) => [table, folded] as const)
    const delivery: Delivery = {
      type: 'conflated',
      updates: Array.from(this.#entries, conflated),
      folded: this.#folded,
      foldedByTable: Object.fromEntries(tables),
      ranges: this.#ranges,
      ...(this.#isIncomplete && { incomplete: true as const }),
    }
    return delivery as unknown as Delivery<Tables>
  }

  #take(update: Update, key: KeyValue | undefined, bytes: number): void {
    const folding = this.#foldingOf(update.table)
    this.#cover(folding, update)
    if (!folding.reader || !key) this.#add(update, bytes)
    else if ('missing' in key) {
      this.#output.keyMissing(update.table, key.missing)
      this.#add(update, bytes)
    } else if (update.before && folding.reader.hasMoved(update.before, update.record))
      this.#move(folding, folding.reader, update, key.text, bytes)
    else this.#put(folding, key.text, update, bytes)
  }

  /** An update that leaves its record where it is. */
  #put(folding: Folding, key: string, update: Update, bytes: number): void {
    const known = folding.known.get(key)
    if (!known) folding.known.set(key, { entry: this.#add(update, bytes), version: update.version })
    else if (!known.entry.isMove) this.#replace(folding, known, update, bytes)
    else if (isOlder(update, known)) this.#passOver(folding, known.entry)
    else {
      known.entry = this.#add(update, bytes)
      known.version = update.version ?? known.version
    }
  }

  /**
   * The record has another key now. Whoever follows that deletes the old one, so it must come after
   * what was there under either key and before what comes under them: nothing is folded over it. By its version
   * it may be the older one under one of them: then it changes nothing there.
   */
  #move(folding: Folding, reader: KeyReader, update: Update, key: string, bytes: number): void {
    const from = reader.readBefore(update.before ?? {}, update.record)
    const there = folding.known.get(key)
    const left = 'text' in from ? folding.known.get(from.text) : undefined
    const isLateThere = there !== undefined && isOlder(update, there)
    const isLateLeft = left !== undefined && isOlder(update, left)
    if (isLateThere && isLateLeft) this.#passOver(folding, there.entry)
    else if (isLateLeft) this.#put(folding, key, { ...update, before: undefined }, bytes)
    else if (isLateThere && 'text' in from)
      this.#put(folding, from.text, deleteBefore(update), bytes)
    else {
      const entry = this.#add(update, bytes, true)
      folding.known.set(key, { entry, version: update.version ?? there?.version })
      if ('text' in from)
        folding.known.set(from.text, { entry, version: update.version ?? left?.version })
    }
  }

  /** It is older than what is known: only that it came is told. */
  #passOver(folding: Folding, entry: FoldedUpdate): void {
    entry.count++
    folding.folded++
    this.#folded++
  }

  #add(update: Update, bytes: number, isMove = false): FoldedUpdate {
    const entry: FoldedUpdate = {
      latest: update,
      latestBytes: bytes,
      version: update.version,
      first: firstOf(update, bytes),
      count: 1,
      isMove,
    }
    this.#entries.add(entry)
    this.#bytes += bytes
    return entry
  }

  #replace(folding: Folding, known: KnownKey, update: Update, bytes: number): void {
    const { entry } = known
    this.#bytes -= weightOf(entry)
    this.#passOver(folding, entry)
    if (isOlder(update, entry.first)) entry.first = firstOf(update, bytes)
    if (!isOlder(update, known)) {
      known.version = update.version ?? known.version
      entry.version = known.version
      entry.latest = update
      entry.latestBytes = bytes
      this.#entries.delete(entry)
      this.#entries.add(entry)
    }
    this.#bytes += weightOf(entry)
  }

  #cover({ ranges }: Folding, { table, publisher, sequence }: Update): void {
    if (publisher === null || sequence === null) return
    const range = ranges.get(publisher.incarnation)
    if (range && range.to === sequence - 1) range.to = sequence
    else {
      const begun = { table, publisher, from: sequence, to: sequence }
      ranges.set(publisher.incarnation, begun)
      this.#ranges.push(begun)
    }
  }

  #foldingOf(table: string): Folding {
    let folding = this.#tables.get(table)
    if (!folding) {
      folding = {
        reader: this.#keys.of(table),
        known: new Map(),
        ranges: new Map(),
        folded: 0,
      }
      this.#tables.set(table, folding)
    }
    return folding
  }
}

function firstOf({ kind, version, record, before }: Update, bytes: number): First {
  // A delete bears the record that was there before it.
  return { kind, version, before: kind === 'delete' ? record : before, bytes }
}

function weightOf({ latestBytes, first, count, isMove }: FoldedUpdate): number {
  return latestBytes + (count > 1 && !isMove && first.before ? first.bytes : 0)
}

/**
 * True where the update that came later is the older one. Versions decide, whoever published: also one
 * process publishes the commits of its pool of connections in another order than they were made in. Of
 * equal ones, and without versions, the later counts.
 */
function isOlder(later: Pick<Update, 'version'>, earlier: Pick<Update, 'version'>): boolean {
  if (later.version === undefined || earlier.version === undefined) return false
  return later.version < earlier.version
}

/** What a change of the key does under the old one. */
function deleteBefore(update: Update): Update {
  return {
    ...update,
    kind: 'delete',
    record: { ...update.record, ...update.before },
    before: undefined,
  }
}

function conflated({ latest, version, first, count, isMove }: FoldedUpdate): ConflatedUpdate {
  if (count === 1 || isMove) return { ...latest, count, firstKind: latest.kind }
  return {
    ...latest,
    // Whoever compares versions is to know the highest, also where the latest has none.
    version,
    kind: kindOf(first.kind, latest.kind),
    before: first.before,
    count,
    firstKind: first.kind,
  }
}

/** What all did together. A delete stays one: whoever read the table meanwhile may have the record. */
function kindOf(first: UpdateKind, latest: UpdateKind): UpdateKind {
  if (latest === 'delete') return 'delete'
  return first === 'insert' ? 'insert' : 'modify'
}
