import { Deque } from '../base/deque.ts'
import { ForeignTables, type TableCounts, addTo } from './foreign-tables.ts'
import { intakeLimits } from './intake-limits.ts'
import { MessageRun, ownCopy } from './message-run.ts'

/** Messages that will not be read, in their place among those that will. */
export interface Gap {
  /** Why: `foreign-overrun` where they were let go, or what a decoder would have refused them for. */
  readonly reason: string
  readonly messages: TableCounts
  /** Besides, nobody knows how many, of any table: a connection ended. */
  isOfAll: boolean
}

export type WaitingPiece = readonly Buffer[] | Gap

export const isGap = (waiting: WaitingPiece): waiting is Gap => 'messages' in waiting

export const overrunReason = 'foreign-overrun'

/** Small pieces that are put into one at most, if each is as large as it may be. */
const roomForSmallOnes = 16

/** Told at once of each message that is not taken. `path`: what in it is to blame. */
export type NotTaken = (table: string | null, reason: string, count: number, path?: string) => void

/**
 * What has come from foreign programs and is not read yet, in order: bounded by the bytes that it takes in
 * memory.
 */
export class WaitingMessages {
  readonly #most: number
  readonly #notTaken: NotTaken
  readonly #tables = new ForeignTables(intakeLimits.waitingTables)
  #queue = new Deque<MessageRun | Gap>()
  #bytes = 0
  /** Messages let go. */
  overrun = 0

  constructor(most: number, notTaken: NotTaken) {
    this.#most = most
    this.#notTaken = notTaken
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  /** Of memory, never more than may wait but for the names in one gap. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whole messages as they came. What finds no room is let go. */
  push(bytes: Buffer, messages: number): void {
    if (this.#append(bytes, messages)) return
    const run = new MessageRun(ownOrWhole(bytes), messages)
    if (this.#bytes + weightOf(run) <= this.#most) return this.#add(run)
    const first = run.take(this.#most - this.#bytes - intakeLimits.waitingOverheadBytes)
    if (first.left > 0) this.#add(first)
    this.#letGo(run)
  }

  /** Small pieces, while others wait, are put into one that has room: each alone takes more than it is. */
  #append(bytes: Buffer, messages: number): boolean {
    const last = this.#queue.at(-1)
    const { smallPieceBytes } = intakeLimits
    if (!(last instanceof MessageRun) || bytes.length > smallPieceBytes) return false
    if (last.append(bytes, messages)) return true
    // What remains at the end of a large piece is followed by another large one.
    if (!last.isOfRoom && last.memory > smallPieceBytes) return false
    const room = Math.min(2 * last.memory, roomForSmallOnes * smallPieceBytes)
    const run = MessageRun.ofRoom(Math.max(room, bytes.length))
    if (this.#bytes + weightOf(run) > this.#most) return false
    run.append(bytes, messages)
    this.#add(run)
    return true
  }

  /** A message that is not taken; `head`: what its first frame begins with. */
  refuse(head: Buffer, reason: string): void {
    const table = this.#tables.tableOf(head, 0, head.length)
    this.#notTaken(table, reason, 1)
    const isFull = this.#bytes + intakeLimits.waitingOverheadBytes > this.#most
    this.#count(isFull ? overrunReason : reason, [[table, 1]])
  }

  /** There may have been messages here of which nobody knows. */
  interrupt(): void {
    this.#gapFor(overrunReason).isOfAll = true
  }

  /** The next message, or what stands in the place of some. */
  shift(): WaitingPiece | undefined {
    const first = this.#queue.at(0)
    if (first === undefined) return undefined
    const isRun = first instanceof MessageRun
    const waiting = isRun ? first.shift() : first
    if (isRun && first.left > 0) return waiting
    this.#queue.shift()
    this.#bytes -= weightOf(first)
    return waiting
  }

  /** Lets all go that waits to be read: gaps remain. */
  letAllGo(): void {
    const all = this.#queue
    this.#queue = new Deque()
    this.#bytes = 0
    for (const waiting of all) {
      if (waiting instanceof MessageRun) this.#letGo(waiting)
      else {
        this.#count(waiting.reason, waiting.messages)
        if (waiting.isOfAll) this.#gapFor(waiting.reason).isOfAll = true
      }
    }
  }

  #add(waiting: MessageRun | Gap): void {
    this.#bytes += weightOf(waiting)
    this.#queue.push(waiting)
  }

  #letGo(run: MessageRun): void {
    const counts: TableCounts = new Map()
    this.overrun += run.left
    run.countInto(counts, this.#tables)
    for (const [table, count] of counts) this.#notTaken(table, overrunReason, count)
    this.#count(overrunReason, counts)
  }

  #count(reason: string, counts: Iterable<[string | null, number]>): void {
    const gap = this.#gapFor(reason)
    this.#bytes -= weightOf(gap)
    for (const [table, count] of counts) addTo(gap.messages, table, count)
    this.#bytes += weightOf(gap)
  }

  /** The gap at the end, if it is one for that reason, or a new one. */
  #gapFor(reason: string): Gap {
    const last = this.#queue.at(-1)
    if (last && !(last instanceof MessageRun) && last.reason === reason) return last
    const gap = { reason, messages: new Map(), isOfAll: false }
    this.#add(gap)
    return gap
  }
}

function weightOf(waiting: MessageRun | Gap): number {
  const { waitingOverheadBytes, waitingTableBytes } = intakeLimits
  if (waiting instanceof MessageRun) return waiting.memory + waitingOverheadBytes
  return waitingOverheadBytes + waiting.messages.size * waitingTableBytes
}

/** A view keeps the whole piece of which it is a part, which is counted: so a small part is copied. */
function ownOrWhole(bytes: Buffer): Buffer {
  return 2 * bytes.length < bytes.buffer.byteLength ? ownCopy(bytes) : bytes
}
