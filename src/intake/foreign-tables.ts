import { parseForeignTopic } from '../model/topic.ts'
import { foreignTopicEnd } from '../wire/frames/foreign.ts'

/** How many messages of each table; null: of topics that name none. */
export type TableCounts = Map<string | null, number>

export function addTo(counts: TableCounts, table: string | null, count: number): void {
  counts.set(table, (counts.get(table) ?? 0) + count)
}

/**
 * Whose updates messages are that nobody reads: the topic before them is compared by its bytes with those
 * that have been met. Of so many tables at most; those beyond, which no publisher could have beside
 * them, are as good as none.
 */
export class ForeignTables {
  readonly #most: number
  /** By topic. */
  readonly #tables = new Map<string, string>()
  #lastTopic: Buffer = Buffer.alloc(0)
  #lastTable: string | null = null

  constructor(most: number) {
    this.#most = most
  }

  /** Of a message whose first frame lies there. */
  tableOf(bytes: Buffer, from: number, to: number): string | null {
    const topic = this.#lastTopic
    if (topic.length > 0 && from + topic.length <= to && isAt(bytes, from, topic))
      return this.#lastTable
    const frame = bytes.subarray(from, to)
    const end = foreignTopicEnd(frame)
    if (end === 0) return null
    const text = frame.latin1Slice(0, end)
    const table = this.#tables.get(text) ?? this.#add(text)
    if (table === null) return null
    this.#lastTopic = Buffer.from(text, 'latin1')
    this.#lastTable = table
    return table
  }

  #add(topic: string): string | null {
    if (this.#tables.size >= this.#most) return null
    const table = parseForeignTopic(topic)
    if (table !== null) this.#tables.set(topic, table)
    return table
  }
}

/** Topics that differ do so near their end, where `update/` is behind. */
function isAt(bytes: Buffer, from: number, topic: Buffer): boolean {
  for (let at = topic.length - 1; at >= 0; at--) if (bytes[from + at] !== topic[at]) return false
  return true
}
