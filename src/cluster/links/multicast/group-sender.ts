import { RangeSet } from '../../../base/range-set.ts'
import { TokenBucket } from '../../../base/token-bucket.ts'
import type { GroupSnapshot } from '../../../model/link-snapshot.ts'
import { Backlog } from './backlog.ts'
import { DatagramWriter } from './datagram-writer.ts'
import type { MulticastLimits } from './multicast-limits.ts'
import type { DatagramRange } from './datagram-order.ts'
import type { SealingKeys } from './sealing-keys.ts'
import { SentDatagrams } from './sent-datagrams.ts'

interface SenderOptions {
  readonly session: string
  readonly cluster: number
  readonly datagramBytes: number
  readonly bytesPerSecond: number
  readonly limits: MulticastLimits
  /** What seals them; null: they leave as they are. */
  readonly sealing: SealingKeys | null
  readonly now: number
}

/** Datagrams for one node, by the channel. */
export interface DatagramsForNode {
  readonly node: string
  readonly datagrams: readonly Buffer[]
}

/**
 * What this node sends to the group, and sends again to who asks for it. What is to be sent stands in lists, which are
 * taken from it. Time is an argument.
 */
export class GroupSender {
  readonly #limits: MulticastLimits
  readonly #writer: DatagramWriter
  readonly #backlog: Backlog
  readonly #sent: SentDatagrams
  readonly #repairTokens: TokenBucket
  /** By node, what it asked for and was not sent yet. */
  readonly #asked = new Map<string, RangeSet>()
  #repaired = 0
  #repairedBytes = 0
  #idleAt: number
  #idleMs: number
  /** Lengths to show, the next one first, and when. */
  readonly #lengths: number[]
  #lengthAt = -Infinity

  constructor(options: SenderOptions) {
    const { limits, datagramBytes, now } = options
    this.#lengths = [datagramBytes, Math.min(datagramBytes, limits.safeDatagramBytes)]
    this.#limits = limits
    this.#writer = new DatagramWriter(options)
    const { leastBurstBytes, backlogDatagrams } = limits
    this.#backlog = new Backlog(options.bytesPerSecond, leastBurstBytes, backlogDatagrams, now)
    this.#sent = new SentDatagrams(limits)
    this.#repairTokens = new TokenBucket(limits.repairBytesPerSecond, limits.repairBurstBytes, now)
    this.#idleMs = limits.idleMs
    this.#idleAt = now
  }

  /** The oldest that can be repaired, and the last that was sent. */
  get first(): number {
    return this.#sent.first
  }

  get last(): number {
    return this.#sent.last
  }

  /** The number of the datagram that the last message ends in. */
  get written(): number {
    return this.#writer.written
  }

  /** Datagrams that were sent, and those sent again. */
  get counts(): Pick<GroupSnapshot, 'sent' | 'sentBytes' | 'resent' | 'resentBytes'> {
    return {
      sent: this.#sent.last,
      sentBytes: this.#sent.bytesOfAll,
      resent: this.#repaired,
      resentBytes: this.#repairedBytes,
    }
  }

  /** More would only wait here: nothing is to be read for the group. */
  get isFull(): boolean {
    return this.#backlog.isFull
  }

  message(bytes: Uint8Array): void {
    this.#writer.message(bytes)
    for (const datagram of this.#writer.take()) this.#backlog.push(datagram)
  }

  /** At the end of a turn: what is in the open datagram waits for no more. */
  flush(): void {
    this.#writer.close()
    for (const datagram of this.#writer.take()) this.#backlog.push(datagram)
  }

  /** What the receivers have room for. */
  setBurst(bytes: number, now: number): void {
    this.#backlog.setBurst(bytes, now)
  }

  /** The datagrams that are due for the group now; where nothing is, from time to time one without content. */
  take(now: number): Buffer[] {
    const due: Buffer[] = []
    for (let next; (next = this.#backlog.next(now)); due.push(next.bytes))
      this.#sent.keep(next, now)
    if (due.length > 0) this.#idleMs = this.#limits.idleMs
    else if (now >= this.#idleAt && this.#backlog.isEmpty) due.push(...this.#idle(now))
    else return due
    this.#idleAt = now + this.#idleMs
    return due
  }

  /** A node asks for what it misses. False: some of it is no more to be had, which it is to be told. */
  ask(node: string, ranges: readonly DatagramRange[]): boolean {
    const { first, last } = this.#sent
    const asked = this.#asked.get(node) ?? new RangeSet()
    this.#asked.set(node, asked)
    // Only what there is: a range from outside may be as long as it likes.
    for (const { from, count } of ranges)
      asked.add(Math.max(from, first), Math.min(from + count - 1, last))
    return ranges.every(({ from }) => from >= first)
  }

  /** The repairs that are due, each as much as one message of the channel holds. */
  takeRepairs(now: number): DatagramsForNode[] {
    const due: DatagramsForNode[] = []
    for (let isMore = true; isMore;) {
      isMore = false
      for (const [node, asked] of this.#asked) {
        const datagrams = this.#repairsOf(asked, now)
        if (datagrams.length === 0) continue
        due.push({ node, datagrams })
        isMore = true
      }
    }
    for (const [node, asked] of this.#asked) if (asked.isEmpty) this.#asked.delete(node)
    return due
  }

  forget(node: string): void {
    this.#asked.delete(node)
  }

  /** When something is due. */
  dueAt(now: number): number {
    if (!this.#backlog.isEmpty || this.#asked.size > 0) return now + 1
    return this.#idleAt
  }

  /** The long one goes first: that the short one follows shows its loss. */
  #idle(now: number): Buffer[] {
    if (now >= this.#lengthAt) {
      this.#lengthAt = now + this.#limits.lengthShownMs
      this.#writer.idle(this.#lengths[0])
      this.#lengths.reverse()
    }
    this.#writer.idle()
    this.#idleMs = Math.min(this.#idleMs * 3, this.#limits.idleMaxMs)
    return this.#writer.take().map((datagram) => {
      this.#sent.keep(datagram, now)
      return datagram.bytes
    })
  }

  #repairsOf(asked: RangeSet, now: number): Buffer[] {
    const datagrams: Buffer[] = []
    let bytes = 0
    for (;;) {
      const sequence = asked.firstFrom(0)
      if (sequence === Infinity) return datagrams
      const datagram = this.#sent.get(sequence)
      if (datagram) {
        if (bytes + datagram.length > this.#limits.channelMessageBytes && bytes > 0)
          return datagrams
        if (!this.#repairTokens.take(datagram.length, now)) return datagrams
        datagrams.push(datagram)
        bytes += datagram.length
        this.#repaired++
        this.#repairedBytes += datagram.length
      }
      asked.remove(sequence, sequence)
    }
  }
}
