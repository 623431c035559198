import { RangeSet } from '../../../src/base/range-set.ts'
import type { Delivery, Loss, Update } from '../../../src/index.ts'
import { isOrder, isRight, monotonicMs } from './order.ts'

export interface Range {
  readonly from: number
  readonly to: number
}

/** What an application was given of one stream. */
export interface RecordedStream {
  readonly process: string
  readonly incarnation: string
  readonly table: string
  readonly ranges: readonly Range[]
  readonly deliveries: number
  readonly duplicates: number
  readonly outOfOrder: number
  /** Updates whose record is not the one published under this number. */
  readonly wrong: number
  /** By sequence − 1, of a recorder that keeps them. */
  readonly nonces: readonly number[]
}

/** A loss, and when it was told: milliseconds of the machine's monotonic clock. */
export interface RecordedLoss extends Loss {
  readonly at: number
  /** How long no update of its publisher had come then, of any one where it names none; milliseconds. */
  readonly silentMs: number
}

/** What an application was given by one subscription. */
export interface Recorded {
  readonly streams: readonly RecordedStream[]
  readonly losses: readonly RecordedLoss[]
  /** Commits that came in pieces without a word. */
  readonly torn: number
  readonly deliveries: number
}

interface Stream {
  readonly process: string
  readonly incarnation: string
  readonly table: string
  readonly earlier: RangeSet
  readonly nonces: number[]
  from: number
  last: number
  /** When the last of it came. */
  lastAt: number
  deliveries: number
  duplicates: number
  outOfOrder: number
  wrong: number
}

/** Writes down what an application is given; judged outside, by `judge()`. */
export class Recorder {
  torn = 0
  deliveries = 0
  /** When updates came last, milliseconds of the machine's monotonic clock; null: none has. */
  lastAt: number | null = null
  readonly losses: RecordedLoss[] = []
  readonly #keepsNonces: boolean
  readonly #streams = new Map<string, Map<string, Stream>>()
  #latencies: number[] = []

  constructor(keepsNonces = false) {
    this.#keepsNonces = keepsNonces
  }

  take(delivery: Delivery): void {
    if (delivery.type === 'loss') {
      const at = monotonicMs()
      for (const loss of delivery.losses)
        this.losses.push({ ...loss, at, silentMs: at - (this.#lastOf(loss) ?? at) })
      return
    }
    const now = monotonicMs()
    this.lastAt = now
    const pieces = new Map<string, { expected: number; here: number }>()
    for (const update of delivery.updates) {
      if (!isOrder(update) || update.publisher === null) continue
      this.#latencies.push(now - update.record.SENT_AT)
      this.#update(update, now)
      const { COMMIT_SIZE: expected } = update.record
      if (expected === 1 || delivery.incomplete) continue
      const commit = `${update.publisher.incarnation} ${update.commit}`
      const piece = pieces.get(commit)
      if (piece) piece.here += 1
      else pieces.set(commit, { expected, here: 1 })
    }
    for (const { expected, here } of pieces.values()) if (here !== expected) this.torn += 1
  }

  get recorded(): Recorded {
    const { torn, deliveries, losses } = this
    const streams = [...this.#streams.values()].flatMap((tables) => [...tables.values()])
    return { torn, deliveries, losses, streams: streams.map(asRecorded) }
  }

  /** Sum of what has come of the lives of one name. */
  countOf(process: string): number {
    let count = 0
    for (const tables of this.#streams.values())
      for (const stream of tables.values())
        if (stream.process === process) count += stream.deliveries
    return count
  }

  /** Milliseconds from publishing to here, of what came since the last call. */
  takeLatencies(): number[] {
    const taken = this.#latencies
    this.#latencies = []
    return taken
  }

  /** When its publisher was heard last; null: never. */
  #lastOf({ publisher }: Loss): number | null {
    if (publisher === null) return this.lastAt
    const tables = this.#streams.get(publisher.incarnation)
    return tables ? Math.max(...[...tables.values()].map(({ lastAt }) => lastAt)) : this.lastAt
  }

  #update(update: Update, now: number): void {
    const stream = this.#stream(update)
    stream.lastAt = now
    const sequence = update.sequence as number
    if (!isOrder(update) || !isRight(update)) stream.wrong += 1
    if (sequence <= stream.last) {
      const isHere = stream.earlier.has(sequence) || sequence >= stream.from
      if (isHere) stream.duplicates += 1
      else {
        stream.outOfOrder += 1
        stream.earlier.add(sequence, sequence)
      }
      return
    }
    if (sequence !== stream.last + 1) {
      stream.earlier.add(stream.from, stream.last)
      stream.from = sequence
    }
    stream.last = sequence
    stream.deliveries += 1
    this.deliveries += 1
    if (this.#keepsNonces && isOrder(update)) stream.nonces[sequence - 1] = update.record.NONCE
  }

  #stream({ publisher, table }: Update): Stream {
    const { process, incarnation } = publisher as NonNullable<Update['publisher']>
    let tables = this.#streams.get(incarnation)
    if (!tables) this.#streams.set(incarnation, (tables = new Map<string, Stream>()))
    let stream = tables.get(table)
    if (!stream) {
      const counts = { deliveries: 0, duplicates: 0, outOfOrder: 0, wrong: 0 }
      const place = { from: 1, last: 0, lastAt: 0, earlier: new RangeSet(), nonces: [] }
      stream = { process, incarnation, table, ...place, ...counts }
      tables.set(table, stream)
    }
    return stream
  }
}

function asRecorded(stream: Stream): RecordedStream {
  const { process, incarnation, table, nonces } = stream
  const { deliveries, duplicates, outOfOrder, wrong, earlier, from, last } = stream
  const ranges = [...earlier, ...(last >= from ? [{ from, to: last }] : [])]
  const counts = { deliveries, duplicates, outOfOrder, wrong }
  return { process, incarnation, table, nonces, ranges, ...counts }
}
