import type { StreamState, TableSequence } from '../model/message.ts'
import type { SyncRequest } from '../model/request.ts'
import { PublishedStream } from './published-stream.ts'
import type { SyncSource } from './sync-answers.ts'

/** All streams of one publisher, by table. */
export class PublishedStreams implements SyncSource {
  readonly #streams = new Map<string, PublishedStream>()

  get size(): number {
    return this.#streams.size
  }

  get tables(): Iterable<string> {
    return this.#streams.keys()
  }

  /** The last number given in each: what is owed to whoever hears that this process has ended. */
  get lastNumbered(): TableSequence[] {
    return [...this.#streams.values()].map(({ table, numbered }) => ({ table, last: numbered }))
  }

  get numbered(): number {
    let updates = 0
    for (const stream of this.#streams.values()) updates += stream.numbered
    return updates
  }

  get(table: string): PublishedStream | undefined {
    return this.#streams.get(table)
  }

  add(table: string): PublishedStream {
    const stream = new PublishedStream(table)
    this.#streams.set(table, stream)
    return stream
  }

  [Symbol.iterator](): Iterator<PublishedStream> {
    return this.#streams.values()
  }

  states({ tables, sinceMs }: SyncRequest, now: number): StreamState[] {
    const stateOf = (stream: PublishedStream) => stream.stateAt(now, sinceMs)
    if (tables === '*') return [...this.#streams.values()].map(stateOf)
    return tables.map((table) => {
      const stream = this.#streams.get(table)
      return stream ? stateOf(stream) : { table, last: 0, first: 1, since: 1, ageMs: null }
    })
  }

  lastSent(table: string): number {
    return this.#streams.get(table)?.sent ?? 0
  }
}
