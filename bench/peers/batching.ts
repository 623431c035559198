import { updateTopic } from '../../src/model/topic.ts'
import type { Update } from '../../src/model/update.ts'
import { decodeMessage, encodeBatch } from '../../src/wire/frames/message-codec.ts'
import { RowReader } from '../../src/wire/rows/row-reader.ts'
import { RowWriter } from '../../src/wire/rows/row-writer.ts'
import type { Trade } from '../rows.ts'
import type { Take } from './peer.ts'

export const topic = Buffer.from(updateTopic('TRADE'))

/** Our encoding without our product: what is written in one turn of the event loop leaves together. */
export class Batching {
  readonly #writer = new RowWriter()
  readonly #send: (message: Uint8Array) => void
  readonly #publisher
  #sequence = 1
  #parcel = 1
  #scheduled = false

  constructor(index: number, send: (message: Uint8Array) => void) {
    const incarnation = '5a'.repeat(16)
    this.#publisher = { node: 'n1', process: String(index), instance: '', incarnation }
    this.#send = send
  }

  append(record: Trade): void {
    this.#writer.append({ kind: 'insert', record })
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.flush())
  }

  flush(): void {
    this.#scheduled = false
    for (const rows of this.#writer.take()) {
      const { count } = rows
      const commit = this.#sequence
      const { message } = encodeBatch(
        {
          publisher: this.#publisher,
          table: 'TRADE',
          first: this.#sequence,
          count,
          parcel: this.#parcel++,
          commits: [{ type: 'run', commit, commits: count, updatesEach: 1 }],
          manifest: [{ table: 'TRADE', last: this.#sequence + count - 1 }],
          publishedAt: Date.now(),
        },
        rows,
      )
      this.#sequence += count
      this.#send(message)
    }
  }
}

/** Reads the batches of all publishers and gives their records on. */
export class Unbatching {
  readonly #readers: RowReader[]
  readonly #take: Take

  constructor(publishers: number, take: Take) {
    this.#readers = Array.from({ length: publishers }, () => new RowReader())
    this.#take = take
  }

  read(bytes: Uint8Array): void {
    const message = decodeMessage(bytes)
    if (message.kind !== 'batch') throw new Error('that is no batch')
    const index = Number(message.publisher.process)
    const updates: Update[] = []
    if (!this.#readers[index]?.read(message, 0, updates)) throw new Error('a batch is not readable')
    for (const { record } of updates) this.#take(index, record as Trade)
  }
}
