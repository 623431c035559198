import { Deque } from '../../../base/deque.ts'
import type { Random } from '../../../base/random.ts'
import type { ReceptionSnapshot } from '../../../model/link-snapshot.ts'
import type { FollowingMessage } from './channel-message.ts'
import type { Datagram } from './datagram.ts'
import { Hearing } from './hearing.ts'
import { MessageAssembly } from './message-assembly.ts'
import type { MulticastLimits } from './multicast-limits.ts'
import type { DatagramRange, HeldBytes, Offered } from './datagram-order.ts'
import { DatagramOrder } from './datagram-order.ts'
import { openDatagram } from './datagram-seal.ts'
import { OpeningKeys } from './opening-keys.ts'
import { decodeRecords } from './records.ts'
import type { ToldKey } from './sealing-keys.ts'

/** What another node says of its datagrams. */
interface OriginWord extends ToldKey {
  readonly session: string
  readonly first: number
  readonly sent: number
  readonly source: string
}

interface Sender {
  readonly node: string
  readonly session: string
  source: string
  readonly origin: DatagramOrder
  readonly assembly: MessageAssembly
  readonly hearing: Hearing
  readonly keys: OpeningKeys
  /** The highest number that came by the group. */
  heardTo: number
  /** Messages that came by the channel, in the order of the datagrams that they follow. */
  readonly following: Deque<FollowingMessage>
  followingBytes: number
  /** Datagrams that came by the group, and by the channel in their place. */
  heard: number
  heardBytes: number
  repaired: number
  repairedBytes: number
  /** Bytes of the longest that came by the group, and how many longer ones did not since. */
  longest: number
  longerMissed: number
}

/** How the datagrams of a node come. */
export interface Reception extends Omit<ReceptionSnapshot, 'lostShare'> {
  readonly node: string
  readonly isMissed: boolean
}

/** An ask for what a node sent and this one misses. */
export interface Ask {
  readonly node: string
  readonly session: string
  readonly ranges: readonly DatagramRange[]
}

/**
 * What became of a datagram. `unknown`: nobody has said this session. Of who seals: `not-sealed`, `unknown-epoch` (no key
 * of that number was told), `not-opened` (sealed with another key, or changed since). Of who does not: `sealed`.
 */
export type Taken = Offered | 'unknown' | 'elsewhere' | NotOpened

type NotOpened = 'sealed' | 'not-sealed' | 'unknown-epoch' | 'not-opened'

/** How a datagram came: from this address by the group, or by the channel. */
export type Way = { readonly from: string } | 'channel'

/**
 * The datagrams of all other nodes. Only who has said its session over the channel is heard, and nothing changes before
 * that is looked at. Time and chance are arguments.
 */
export class GroupReceiver {
  readonly #limits: MulticastLimits
  readonly #random: Random
  readonly #maxMessageBytes: number
  readonly #isSealed: boolean
  readonly #bySession = new Map<string, Sender>()
  readonly #byNode = new Map<string, Sender>()
  readonly #heldOfAll: HeldBytes = { sum: 0 }

  /** `isSealed`: only what is sealed with a key that its sender has told is taken; else only what is not sealed. */
  constructor(limits: MulticastLimits, maxMessageBytes: number, random: Random, isSealed: boolean) {
    this.#isSealed = isSealed
    this.#limits = limits
    this.#maxMessageBytes = maxMessageBytes
    this.#random = random
  }

  /** It says where it is; its session begins with the first word of it, and the one before ends. */
  told(node: string, word: OriginWord, now: number): void {
    const known = this.#byNode.get(node)
    if (known?.session === word.session) {
      known.source = word.source
      known.keys.told(word, now)
      known.origin.told(word.first, word.sent, now)
      return
    }
    const { session, source } = word
    // Whose session it is stands: nobody may take it from another.
    if ((this.#bySession.get(session)?.node ?? node) !== node) return
    this.forget(node)
    const sender: Sender = {
      node,
      session,
      source,
      origin: new DatagramOrder(word.sent, this.#limits, this.#random, this.#heldOfAll),
      assembly: new MessageAssembly(this.#maxMessageBytes),
      hearing: new Hearing(this.#limits, now),
      keys: new OpeningKeys(this.#limits),
      heardTo: word.sent,
      following: new Deque(),
      followingBytes: 0,
      heard: 0,
      heardBytes: 0,
      repaired: 0,
      repairedBytes: 0,
      longest: 0,
      longerMissed: 0,
    }
    sender.keys.told(word, now)
    this.#byNode.set(node, sender)
    this.#bySession.set(session, sender)
  }

  /**
   * `bytes`: those of the whole datagram. Whoever can send to the group sends what he likes, again and again: nothing
   * changes before it is opened, and it is not opened where its number says already that nothing can come of it.
   */
  take(datagram: Datagram, bytes: Buffer, way: Way, now: number): Taken {
    const { session, sequence } = datagram
    const sender = this.#bySession.get(session)
    if (sender === undefined) return 'unknown'
    if (way !== 'channel' && way.from !== sender.source) return 'elsewhere'
    const judged = sender.origin.judge(sequence)
    if (judged === 'ahead') return judged
    // What came by the channel first shows that the group carries; what was heard before does not.
    const isHeard = way !== 'channel' && sequence > sender.heardTo
    if (judged === 'double' && !isHeard) return judged
    const records = this.#open(sender, datagram, bytes, now)
    if (typeof records === 'string') return records
    if (isHeard) {
      sender.heardTo = sequence
      sender.hearing.heard(now)
    }
    const offered = sender.origin.offer(sequence, records, now)
    if (way !== 'channel') {
      sender.heard++
      sender.heardBytes += bytes.length
      if (bytes.length > sender.longest) {
        sender.longest = bytes.length
        sender.longerMissed = 0
      }
    } else if (offered === 'taken') {
      sender.repaired++
      sender.repairedBytes += bytes.length
      // Who is served by the channel alone misses all, of whatever length.
      if (bytes.length > sender.longest && !sender.hearing.isDeaf) sender.longerMissed++
    }
    return offered
  }

  #open(sender: Sender, datagram: Datagram, bytes: Buffer, now: number): Buffer | NotOpened {
    const { epoch, records } = datagram
    if (!this.#isSealed) return epoch === 0 ? records : 'sealed'
    if (epoch === 0) return 'not-sealed'
    const key = sender.keys.of(epoch, now)
    if (key === null) return 'unknown-epoch'
    return openDatagram(key, bytes) ?? 'not-opened'
  }

  /** Messages that came by the channel: they wait for the datagrams that left before them. */
  follow(node: string, messages: readonly FollowingMessage[], now: number): void {
    const sender = this.#byNode.get(node)
    if (!sender) return
    for (const message of messages) {
      // What is known to have been sent is asked for where it is missing.
      sender.origin.told(0, message.after, now)
      sender.following.push(message)
      sender.followingBytes += message.bytes.length
    }
  }

  /** Gives what is next in the order of its sender, of at most `most` datagrams. True: there is more. */
  give(most: number, to: (message: Buffer) => void): boolean {
    for (const sender of this.#byNode.values()) {
      const { origin, assembly } = sender
      this.#giveFollowing(sender, to)
      for (let step = origin.next(); step !== null; step = origin.next()) {
        const records = step === 'hole' ? null : decodeRecords(step)
        if (records === null) assembly.tear()
        else
          for (const record of records) {
            const message = assembly.take(record)
            if (message !== null) to(message)
          }
        this.#giveFollowing(sender, to)
        if (--most <= 0) return true
      }
    }
    return false
  }

  /** More than is held of datagrams does not wait. */
  #giveFollowing(sender: Sender, to: (message: Buffer) => void): void {
    const { following, origin } = sender
    for (let first = following.at(0); first; first = following.at(0)) {
      if (first.after > origin.given && sender.followingBytes <= this.#limits.heldBytes) return
      following.shift()
      sender.followingBytes -= first.bytes.length
      to(first.bytes)
    }
  }

  /** The asks that are due. `late`: so long this process stood still. */
  tick(now: number, late: number): Ask[] {
    const asks: Ask[] = []
    for (const { node, session, origin, hearing } of this.#byNode.values()) {
      hearing.tick(now, late)
      const ranges = origin.tick(now)
      if (ranges.length > 0) asks.push({ node, session, ranges })
    }
    return asks
  }

  get dueAt(): number {
    let dueAt = Infinity
    for (const { origin } of this.#byNode.values()) dueAt = Math.min(dueAt, origin.dueAt)
    return dueAt
  }

  /** The channel has to serve us. */
  isDeafTo(node: string): boolean {
    return this.#byNode.get(node)?.hearing.isDeaf ?? true
  }

  receptions(now: number): Reception[] {
    return [...this.#byNode.values()].map(({ node, hearing, origin, ...counts }) => ({
      node,
      way: hearing.isDeaf ? 'channel' : 'group',
      isMissed: hearing.isMissed(now),
      heard: counts.heard,
      heardBytes: counts.heardBytes,
      repaired: counts.repaired,
      repairedBytes: counts.repairedBytes,
      skipped: origin.skipped,
      longest: counts.longest,
      longerMissed: counts.longerMissed,
    }))
  }

  /** Datagrams that were given up, and messages of which a piece was among them. */
  get given(): { readonly skipped: number; readonly torn: number } {
    let skipped = 0
    let torn = 0
    for (const { origin, assembly } of this.#byNode.values()) {
      skipped += origin.skipped
      torn += assembly.torn
    }
    return { skipped, torn }
  }

  forget(node: string): void {
    const sender = this.#byNode.get(node)
    if (!sender) return
    sender.origin.close()
    this.#byNode.delete(node)
    this.#bySession.delete(sender.session)
  }
}
