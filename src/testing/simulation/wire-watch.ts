import type { BatchMessage } from '../../model/message.ts'
import { messageKinds } from '../../wire/frames/envelope.ts'
import { decodeMessage } from '../../wire/frames/message-codec.ts'

interface SentBatch {
  readonly first: number
  readonly last: number
  readonly at: number
  /** Bytes and updates sent up to its end, in its stream and by its publisher. */
  readonly streamBytes: number
  readonly publisherBytes: number
}

/** What a publisher is known to keep: its limits, less what the reserves of other tables may take. */
interface KeptAtLeast {
  readonly reserveUpdates: number
  readonly reserveBytes: number
  readonly bytes: number
}

const { batch, replay, refusal, vector } = messageKinds
const watchedKinds: ReadonlySet<number> = new Set([batch, replay, refusal, vector])

const kindAt = 4
const idAt = 12
const idEnd = 28

/** Listens on the wires of the simulation: what has left, who was heard, which topics were proven. */
export class WireWatch {
  readonly violations: string[] = []
  readonly #keeps: KeptAtLeast
  readonly #streams = new Map<string, SentBatch[]>()
  readonly #publisherBytes = new Map<string, number>()
  readonly #replayed = new Set<string>()
  /** Tables of publishers of which anything was sent, as an update or out of retention. */
  readonly #left = new Set<string>()
  readonly #heardAt = new Map<string, number>()
  readonly #marks = new Set<string>()
  readonly #refusedBelow = new Map<string, number>()

  constructor(keeps: KeptAtLeast) {
    this.#keeps = keeps
  }

  /** A publisher sends; `isAnnounced`: its node's roster has had it as one that publishes. */
  sent(
    topic: string,
    bytes: Uint8Array,
    publisher: string,
    isAnnounced: boolean,
    at: number,
  ): void {
    const kind = bytes[topic.length + kindAt] ?? 0
    if (!watchedKinds.has(kind)) return
    const message = decodeMessage(bytes)
    if (message.kind === 'batch') {
      this.#left.add(`${publisher} ${message.table}`)
      this.#batch(message, bytes.byteLength, at)
      if (!isAnnounced) this.violations.push(`${publisher.slice(0, 6)} at ${at.toFixed(0)}`)
    } else if (message.kind === 'replay') {
      for (const { table, first } of message.batches) {
        this.#left.add(`${publisher} ${table}`)
        this.#replayed.add(`${publisher} ${table} ${first}`)
      }
    } else if (message.kind === 'refusal')
      this.#refuse(publisher, message.table, message.firstRetained)
    else if (message.kind === 'vector')
      for (const { table, first } of message.streams) this.#refuse(publisher, table, first)
  }

  /** A subscriber's process takes something in. */
  received(topic: string, message: Uint8Array, subscriber: string, at: number): void {
    const frame = message.subarray(topic.length)
    const publisher = Buffer.from(frame.buffer, frame.byteOffset + idAt, idEnd - idAt)
    const id = publisher.toString('hex')
    this.#heardAt.set(`${subscriber}<${id}`, at)
    if (frame[kindAt] === messageKinds.mark) this.#marks.add(`${subscriber}<${id} ${topic}`)
  }

  /** When a subscriber heard a publisher last; -Infinity: never. */
  heardAt(subscriber: string, publisher: string): number {
    return this.#heardAt.get(`${subscriber}<${publisher}`) ?? -Infinity
  }

  hasMark(subscriber: string, publisher: string, topic: string): boolean {
    return this.#marks.has(`${subscriber}<${publisher} ${topic}`)
  }

  /** Somebody may have an update of this table from that publisher. */
  hasLeft(publisher: string, table: string): boolean {
    return this.#left.has(`${publisher} ${table}`)
  }

  /** When an update left its publisher; Infinity: never. */
  sentAt(publisher: string, table: string, sequence: number): number {
    return this.#batchOf(publisher, table, sequence)?.at ?? Infinity
  }

  /** True: the publisher has said that it no longer has this update. */
  wasRefused(publisher: string, table: string, sequence: number): boolean {
    return sequence < (this.#refusedBelow.get(`${publisher} ${table}`) ?? 0)
  }

  wasReplayed(publisher: string, table: string, sequence: number): boolean {
    const first = this.#batchOf(publisher, table, sequence)?.first
    return this.#replayed.has(`${publisher} ${table} ${first}`)
  }

  /** True: by its limits the publisher must still have this update. */
  isRetained(publisher: string, table: string, sequence: number): boolean {
    const batch = this.#batchOf(publisher, table, sequence)
    const newest = this.#streams.get(`${publisher} ${table}`)?.at(-1)
    if (!batch || !newest) return false
    const { reserveUpdates, reserveBytes, bytes } = this.#keeps
    const isReserve =
      newest.last - batch.last < reserveUpdates &&
      newest.streamBytes - batch.streamBytes < reserveBytes
    const newer = (this.#publisherBytes.get(publisher) ?? 0) - batch.publisherBytes
    return isReserve || newer < bytes
  }

  #refuse(publisher: string, table: string, below: number): void {
    const key = `${publisher} ${table}`
    this.#refusedBelow.set(key, Math.max(below, this.#refusedBelow.get(key) ?? 0))
  }

  #batch(batch: BatchMessage, bytes: number, at: number) {
    const { table, first, count } = batch
    const { incarnation } = batch.publisher
    const key = `${incarnation} ${table}`
    let batches = this.#streams.get(key)
    if (!batches) this.#streams.set(key, (batches = []))
    const publisherBytes = (this.#publisherBytes.get(incarnation) ?? 0) + bytes
    this.#publisherBytes.set(incarnation, publisherBytes)
    const streamBytes = (batches.at(-1)?.streamBytes ?? 0) + bytes
    batches.push({ first, last: first + count - 1, at, streamBytes, publisherBytes })
  }

  #batchOf(publisher: string, table: string, sequence: number): SentBatch | undefined {
    const batches = this.#streams.get(`${publisher} ${table}`) ?? []
    let low = 0
    let high = batches.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((batches[middle] as SentBatch).last < sequence) low = middle + 1
      else high = middle
    }
    const batch = batches[low]
    return batch && batch.first <= sequence ? batch : undefined
  }
}
