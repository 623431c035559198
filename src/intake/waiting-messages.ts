import { Deque } from '../base/deque.ts'
import { allForeignTopic, parseForeignTopic } from '../model/topic.ts'
import { intakeLimits } from './intake-limits.ts'

/** Messages that were let go because too much waited, in their place among those that were not. */
export interface Overrun {
  /** By table; null: of topics that name none. */
  readonly messages: Map<string | null, number>
}

export type Waiting = readonly Buffer[] | Overrun

export const isOverrun = (waiting: Waiting): waiting is Overrun => 'messages' in waiting

/** What has come from foreign programs and is not read yet, in order: bounded by bytes. */
export class WaitingMessages {
  readonly #most: number
  readonly #queue = new Deque<Waiting>()
  #bytes = 0
  /** Messages let go. */
  overrun = 0

  constructor(most: number = intakeLimits.waitingBytes) {
    this.#most = most
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  get bytes(): number {
    return this.#bytes
  }

  push(frames: readonly Buffer[]): void {
    const weight = weightOf(frames)
    if (this.#bytes + weight > this.#most) return this.#letGo(frames)
    this.#bytes += weight
    this.#queue.push(frames)
  }

  shift(): Waiting | undefined {
    const waiting = this.#queue.shift()
    if (waiting && !isOverrun(waiting)) this.#bytes -= weightOf(waiting)
    return waiting
  }

  /** Lets all go that waits. */
  letAllGo(): Overrun {
    const messages = new Map<string | null, number>()
    const add = (table: string | null, count: number) =>
      messages.set(table, (messages.get(table) ?? 0) + count)
    for (let waiting = this.shift(); waiting; waiting = this.shift())
      if (!isOverrun(waiting)) add(tableOf(waiting), 1)
      else for (const [table, count] of waiting.messages) add(table, count)
    return { messages }
  }

  #letGo(frames: readonly Buffer[]): void {
    this.overrun += 1
    let last = this.#queue.at(-1)
    if (!last || !isOverrun(last)) {
      last = { messages: new Map() }
      this.#queue.push(last)
    }
    const table = tableOf(frames)
    last.messages.set(table, (last.messages.get(table) ?? 0) + 1)
  }
}

function weightOf(frames: readonly Buffer[]): number {
  let bytes: number = intakeLimits.messageOverheadBytes
  for (const frame of frames) bytes += frame.length
  return bytes
}

const slash = 0x2f
const maxTopicBytes = 300

function tableOf([first, second]: readonly Buffer[]): string | null {
  if (first === undefined) return null
  const end = second ? first.length : first.indexOf(slash, allForeignTopic.length) + 1
  return end > maxTopicBytes ? null : parseForeignTopic(first.latin1Slice(0, end))
}
