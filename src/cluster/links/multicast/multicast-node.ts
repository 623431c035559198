import { Deque } from '../../../base/deque.ts'
import type { Random } from '../../../base/random.ts'
import { asBuffer } from '../../../wire/bytes/byte-reader.ts'
import { ChannelOutbox } from './channel-outbox.ts'
import type { ChannelMessage, FollowingMessage, HelloMessage } from './channel-message.ts'
import { decodeChannelMessage, encodeChannelMessage } from './channel-message.ts'
import { decodeDatagram } from './datagram.ts'
import { sealKeyBytes } from './datagram-seal.ts'
import type { Reception, Way } from './group-receiver.ts'
import { GroupReceiver } from './group-receiver.ts'
import { GroupSender } from './group-sender.ts'
import { Interest } from './interest.ts'
import type { MulticastLimits } from './multicast-limits.ts'
import type { ToldKey } from './sealing-keys.ts'
import { SealingKeys } from './sealing-keys.ts'
import type { SubscriptionChange } from './wanted-topics.ts'
import { WantedTopics } from './wanted-topics.ts'

interface NodeOptions {
  /** One life of this link: 16 hexadecimal digits of chance. */
  readonly session: string
  /** Which cluster it is: datagrams of others are dropped. */
  readonly cluster: number
  readonly datagramBytes: number
  readonly bytesPerSecond: number
  readonly maxMessageBytes: number
  readonly limits: MulticastLimits
  /** A key of 32 bytes by chance, where datagrams are sealed; null: they are not. */
  readonly newKey: (() => Buffer) | null
  readonly random: Random
  readonly now: number
}

/** Where what it says goes. None of these may call the node back. */
export interface NodeOutput {
  toGroup(datagram: Buffer): void
  /** By the channel; dropped where it does not stand. */
  toNode(node: string, frame: Buffer): void
  /** To the processes of this node that want it. */
  toProcesses(message: Buffer): void
  /** Of the publishers of this node. */
  subscribe(change: SubscriptionChange): void
  request(frame: Buffer): void
}

interface OtherNode {
  session: string
  /**
   * It was told where we are, once a connection stood. What the channel takes before that, while the connection has just
   * been made, would be of a session that nobody has told it.
   */
  isGreeted: boolean
  /** It asked to be served by the channel. */
  isDeaf: boolean
  receiveBuffer: number
  /** Since when it lacks some of our interest; null: it knows all. */
  lacksSince: number | null
}

/** A socket of this node that receives datagrams. */
export interface Ear {
  readonly receiveBuffer: number
  /** The address that its own datagrams come from. */
  readonly source: string
}

/** Nothing is sealed. */
const noKey: ToldKey = { epoch: 0, key: Buffer.alloc(sealKeyBytes) }

const replyPrefix = Buffer.from('reply/')
const isReply = (message: Buffer): boolean =>
  message.length >= replyPrefix.length && replyPrefix.compare(message, 0, replyPrefix.length) === 0

/**
 * One node of the multicast link, without sockets: what it says to the group and to each other node, and what comes of
 * what they say. Time and chance are arguments.
 */
export class MulticastNode {
  readonly #options: NodeOptions
  readonly #output: NodeOutput
  readonly #sealing: SealingKeys | null
  readonly #sender: GroupSender
  readonly #receiver: GroupReceiver
  readonly #interest: Interest
  readonly #wanted = new WantedTopics()
  readonly #outbox: ChannelOutbox
  /** To who asked, in the order in which they are to leave. */
  readonly #replies = new Deque<FollowingMessage & { readonly node: string }>()
  readonly #others = new Map<string, OtherNode>()
  readonly #dropped = new Map<string, number>()
  #ear: Ear = { receiveBuffer: 0, source: '' }
  #helloAt: number

  constructor(options: NodeOptions, output: NodeOutput) {
    const { limits, maxMessageBytes, newKey, random, now } = options
    this.#options = options
    this.#output = output
    this.#sealing = newKey && new SealingKeys(newKey, limits, now)
    this.#sender = new GroupSender({ ...options, sealing: this.#sealing })
    this.#receiver = new GroupReceiver(limits, maxMessageBytes, random, newKey !== null)
    this.#interest = new Interest(limits.interestBytes)
    this.#outbox = new ChannelOutbox(limits.channelMessageBytes)
    this.#helloAt = now
  }

  /** More of what this node exports would only wait. */
  get isFull(): boolean {
    return this.#sender.isFull
  }

  /** Datagrams that were dropped, by why. */
  get dropped(): ReadonlyMap<string, number> {
    return this.#dropped
  }

  get counts() {
    return { ...this.#sender.counts, ...this.#receiver.given }
  }

  receptions(now: number): Reception[] {
    return this.#receiver.receptions(now)
  }

  /** What this node receives datagrams with, and sends them from. */
  setEar(ear: Ear): void {
    this.#ear = ear
  }

  open(node: string): void {
    if (this.#others.has(node)) return
    this.#others.set(node, {
      session: '',
      isGreeted: false,
      isDeaf: false,
      receiveBuffer: 0,
      lacksSince: null,
    })
  }

  close(node: string): void {
    this.#others.delete(node)
    this.#receiver.forget(node)
    this.#sender.forget(node)
    this.#outbox.forget(node)
    this.#wanted.forget(node)
    this.#resubscribe()
  }

  /** A connection of the channel to this node stands: it begins with where we are, and all that we want. */
  connected(node: string): void {
    const other = this.#others.get(node)
    if (!other) return
    this.#hello(node)
    other.isGreeted = true
    this.#say(node, encodeChannelMessage(this.#interest.all()))
  }

  /** From a publisher of this node: for all, or for who asked. */
  exported(message: Buffer): void {
    if (!isReply(message)) this.#sender.message(message)
    else
      for (const node of this.#wanted.nodesWanting(message))
        this.#replies.push({ node, after: this.#sender.written, bytes: message })
  }

  /** From the subscribers of this node: 1 or 0 and a prefix, or a request to all publishers. */
  upstream(frame: Buffer): void {
    if (frame.length === 0) return
    if (frame[0] === 1) this.#interest.add(frame.latin1Slice(1))
    else if (frame[0] === 0) this.#interest.remove(frame.latin1Slice(1))
    else for (const node of this.#others.keys()) this.#outbox.addRequest(node, frame)
  }

  /** By the group, from an address. */
  datagram(bytes: Uint8Array, from: string, now: number): void {
    this.#datagram(bytes, { from }, now)
  }

  /** By the channel. */
  fromNode(node: string, frame: Buffer, now: number): void {
    const message = decodeChannelMessage(frame)
    if (typeof message === 'string') this.#drop(message)
    else if (this.#others.has(node)) this.#take(node, message, now)
  }

  /** Gives what came in order to the processes. True: there is more. */
  give(): boolean {
    return this.#receiver.give(this.#options.limits.turnDatagrams, (message) =>
      this.#output.toProcesses(message),
    )
  }

  /** What was said in this turn leaves. */
  endTurn(now: number): void {
    this.#sender.flush()
    this.#send(now)
  }

  /** To be called at `dueAt()`. `late`: so long this process stood still. */
  tick(now: number, late: number): void {
    for (const { node, session, ranges } of this.#receiver.tick(now, late))
      this.#say(node, encodeChannelMessage({ type: 'ask', session, ranges }))
    if (this.#sealing?.tick(this.#sender.last, now)) this.#helloAt = now
    this.#send(now)
    if (now < this.#helloAt) return
    this.#helloAt = now + this.#options.limits.helloMs
    for (const node of this.#others.keys()) this.#hello(node)
    this.#setBurst(now)
  }

  dueAt(now: number): number {
    return Math.min(this.#helloAt, this.#receiver.dueAt, this.#sender.dueAt(now))
  }

  /** What we want before what is asked of those who publish it: the answer would find no way. */
  #send(now: number): void {
    const changes = this.#interest.takeChanges()
    if (changes !== null) {
      const frame = encodeChannelMessage(changes)
      for (const node of this.#others.keys()) this.#say(node, frame)
    }
    for (const datagram of this.#sender.take(now)) {
      this.#output.toGroup(datagram)
      for (const [node, { isDeaf }] of this.#others)
        if (isDeaf) this.#outbox.addDatagram(node, datagram)
    }
    for (const { node, datagrams } of this.#sender.takeRepairs(now))
      for (const datagram of datagrams) this.#outbox.addDatagram(node, datagram)
    this.#sendReplies()
    this.#outbox.take((node, frame) => this.#say(node, frame))
  }

  /** Everything but a hello. */
  #say(node: string, frame: Buffer): void {
    if (this.#others.get(node)?.isGreeted) this.#output.toNode(node, frame)
  }

  /** Those whose datagrams have left: what is sent first comes first, on whatever way. */
  #sendReplies(): void {
    for (let first = this.#replies.at(0); first; first = this.#replies.at(0)) {
      if (first.after > this.#sender.last) return
      this.#replies.shift()
      if (this.#others.has(first.node)) this.#outbox.addMessage(first.node, first)
    }
  }

  /** Where datagrams are sealed it says each key that opens some of them. */
  #hello(node: string): void {
    for (const key of this.#sealing?.told ?? [noKey]) this.#helloWith(node, key)
  }

  #helloWith(node: string, { epoch, key }: ToldKey): void {
    const { first, last } = this.#sender
    const hello: HelloMessage = {
      type: 'hello',
      isDeaf: this.#receiver.isDeafTo(node),
      session: this.#options.session,
      first,
      sent: last,
      epoch,
      key,
      receiveBuffer: this.#ear.receiveBuffer,
      interest: this.#interest.version,
      knows: this.#wanted.version(node),
      source: this.#ear.source,
    }
    this.#output.toNode(node, encodeChannelMessage(hello))
  }

  #take(node: string, message: ChannelMessage, now: number): void {
    switch (message.type) {
      case 'hello':
        return this.#greeted(node, message, now)
      case 'interest':
        this.#wanted.take(node, message)
        return this.#resubscribe()
      case 'requests':
        for (const frame of message.frames) if ((frame[0] ?? 0) > 1) this.#output.request(frame)
        return
      case 'ask':
        if (message.session !== this.#options.session) return
        if (!this.#sender.ask(node, message.ranges)) this.#hello(node)
        return
      case 'datagrams':
        for (const frame of message.frames) this.#datagram(frame, 'channel', now)
        return
      case 'messages':
        this.#receiver.follow(node, message.messages, now)
    }
  }

  #greeted(node: string, hello: HelloMessage, now: number): void {
    const other = this.#others.get(node)
    if (!other) return
    if (other.session !== hello.session) {
      other.session = hello.session
      this.#wanted.forget(node)
      this.#resubscribe()
    }
    this.#receiver.told(node, hello, now)
    other.isDeaf = hello.isDeaf
    other.receiveBuffer = hello.receiveBuffer
    if (hello.knows === this.#interest.version) other.lacksSince = null
    else this.#tellAgain(node, other, now)
  }

  /** What was told may be under way: only who lacks it for a while is told all. */
  #tellAgain(node: string, other: OtherNode, now: number): void {
    other.lacksSince ??= now
    if (now - other.lacksSince < this.#options.limits.interestAgainMs) return
    other.lacksSince = now
    this.#say(node, encodeChannelMessage(this.#interest.all()))
  }

  #datagram(bytes: Uint8Array, way: Way, now: number): void {
    const datagram = decodeDatagram(bytes)
    if (typeof datagram === 'string') return this.#drop(datagram)
    const { session, cluster } = this.#options
    if (datagram.session === session) return
    if (datagram.cluster !== cluster) return this.#drop('other-cluster')
    if (datagram.kind !== 'data') return
    const taken = this.#receiver.take(datagram, asBuffer(bytes), way, now)
    if (taken !== 'taken') this.#drop(taken)
  }

  #resubscribe(): void {
    for (const change of this.#wanted.takeChanges()) this.#output.subscribe(change)
  }

  #drop(why: string): void {
    this.#dropped.set(why, (this.#dropped.get(why) ?? 0) + 1)
  }

  /** All may send at once, and the kernel charges a datagram with more than its bytes. */
  #setBurst(now: number): void {
    const { leastBurstBytes, mostBurstBytes } = this.#options.limits
    const buffers = [...this.#others.values()].flatMap(({ receiveBuffer }) => receiveBuffer || [])
    const least = Math.min(...buffers, Infinity)
    const share = Math.floor(least / (4 * (this.#others.size + 1)))
    this.#sender.setBurst(Math.min(Math.max(share, leastBurstBytes), mostBurstBytes), now)
  }
}
