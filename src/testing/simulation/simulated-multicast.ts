import { type Random, seededRandom } from '../../base/random.ts'
import { sealKeyBytes } from '../../cluster/links/multicast/datagram-seal.ts'
import type { MulticastLimits } from '../../cluster/links/multicast/multicast-limits.ts'
import { multicastLimits } from '../../cluster/links/multicast/multicast-limits.ts'
import { MulticastNode } from '../../cluster/links/multicast/multicast-node.ts'
import { type Down, Hub, type Up } from './hub.ts'
import type { Pipe, PipeKind, PipeOptions } from './pipe.ts'
import type { SimulatedClock } from './simulated-clock.ts'
import { SimulatedGroup } from './simulated-group.ts'

/** Small, so that what is kept and held is met, and messages are cut. */
const limits: MulticastLimits = {
  ...multicastLimits,
  keptDatagrams: 512,
  keptBytes: 100_000,
  windowDatagrams: 1_024,
  heldDatagrams: 64,
  heldBytes: 20_000,
  heldBytesOfAll: 40_000,
  interestBytes: 400,
  channelMessageBytes: 2_000,
  turnDatagrams: 4,
  epochMs: 5_000,
  epochDatagrams: 400,
}

/** Of so many seeds in a row those of one half seal their datagrams. */
const seedsOfOneSealing = 10
const datagramBytes = 576
const bytesPerSecond = 2_000_000
const maxMessageBytes = 1_000_000

/** A timer set to less would be due at the same time again. */
const leastMs = 0.1

/** The first byte of a request in a frame: neither that of a subscription nor of its end. */
const requestMark = 2

interface MulticastOptions {
  readonly seed: number
  readonly clock: SimulatedClock
  /** Of each node, where its links are met. */
  readonly hubs: readonly { readonly export: Hub<Pipe>; readonly outbound: Hub<Pipe> }[]
  readonly isPartitioned: (a: number, b: number) => boolean
  readonly pipe: (kind: PipeKind, up: Hub<Pipe>, down: Hub<Pipe>, options?: PipeOptions) => Pipe
}

const keysOf = (random: Random) => () =>
  Buffer.from(Array.from({ length: sealKeyBytes }, () => random() * 256))

interface EndOptions extends MulticastOptions {
  readonly isSealed: boolean
}

/** One end of a pipe that leads to or from a link. */
class LinkEnd extends Hub<Pipe> {
  readonly #on: { up?(message: Up): void; down?(message: Down): void; connected?(): void }
  readonly #topics: ReadonlySet<string>

  constructor(
    on: { up?(message: Up): void; down?(message: Down): void; connected?(): void },
    topics: ReadonlySet<string> = new Set(),
  ) {
    super()
    this.#on = on
    this.#topics = topics
  }

  override up(message: Up): void {
    if (this.#on.up) this.#on.up(message)
    else super.up(message)
  }

  override down(message: Down): void {
    if (this.#on.down) this.#on.down(message)
    else super.down(message)
  }

  override wanted(): Iterable<string> {
    return this.#topics
  }

  override connected(): void {
    this.#on.connected?.()
  }
}

/** The link of one node: `MulticastNode` as it is, between the hubs of the node, the group and the channels. */
class NodeEnd {
  readonly node: number
  /** What the other nodes want of this one. */
  readonly topics = new Set<string>()
  readonly exportPipe: Pipe
  readonly outboundPipe: Pipe
  readonly speaking = new Map<number, LinkEnd>()
  readonly listening = new Map<number, LinkEnd>()
  readonly #export: LinkEnd
  readonly #outbound: LinkEnd
  readonly #options: EndOptions
  readonly #group: () => SimulatedGroup
  readonly #random: Random
  readonly #newKey: (() => Buffer) | null
  #link: MulticastNode | null = null
  #lives = 0
  #isTurnDue = false
  #timerAt = Infinity

  constructor(node: number, options: EndOptions, group: () => SimulatedGroup) {
    this.node = node
    this.#options = options
    this.#group = group
    this.#random = seededRandom(options.seed + 4_000_000 + node)
    this.#newKey = options.isSealed ? keysOf(seededRandom(options.seed + 5_000_000 + node)) : null
    const hubs = options.hubs[node] as MulticastOptions['hubs'][number]
    this.#export = new LinkEnd({ down: (message) => this.#exported(message) }, this.topics)
    this.#outbound = new LinkEnd({ up: (message) => this.#upstream(message) })
    const inproc = { delayMs: 0.1, capacity: Infinity }
    this.exportPipe = options.pipe('inproc', hubs.export, this.#export, inproc)
    this.outboundPipe = options.pipe('inproc', this.#outbound, hubs.outbound, inproc)
    // Both begin with their cluster process.
    this.exportPipe.faults = 1
    this.outboundPipe.faults = 1
    for (const other of options.hubs.keys()) if (other !== node) this.#meet(other)
  }

  start(): void {
    const { clock } = this.#options
    this.#lives++
    const session = (this.#lives * 1_000 + this.node).toString(16).padStart(16, '0')
    this.topics.clear()
    this.#link = new MulticastNode(
      {
        session,
        cluster: 7,
        datagramBytes,
        bytesPerSecond,
        maxMessageBytes,
        limits,
        newKey: this.#newKey,
        random: this.#random,
        now: clock.now(),
      },
      {
        toGroup: (datagram) => this.#group().send(this.node, datagram),
        toNode: (node, frame) =>
          this.speaking.get(Number(node))?.ups.forEach((pipe) => {
            pipe.sendUp({ request: frame, publishers: null })
          }),
        toProcesses: (message) => this.#outbound.down(readDown(message)),
        subscribe: ({ prefix, isAdded }) => this.#subscribe(prefix, isAdded),
        request: (frame) => this.#export.ups.forEach((pipe) => pipe.sendUp(readRequest(frame))),
      },
    )
    this.#link.setEar({ receiveBuffer: 0, source: String(this.node) })
    for (const other of this.speaking.keys()) this.#link.open(String(other))
    this.#timerAt = Infinity
    this.#arm()
  }

  crash(): void {
    this.#link = null
  }

  /** Another node has begun a new life. */
  began(other: number): void {
    this.#link?.close(String(other))
    this.#link?.open(String(other))
  }

  arrived(datagram: Buffer, from: number): void {
    this.#link?.datagram(datagram, String(from), this.#options.clock.now())
    this.#turnSoon()
  }

  #meet(other: number): void {
    this.speaking.set(other, new LinkEnd({ connected: () => this.#link?.connected(String(other)) }))
    const heard = (message: Up): void => {
      if (!('request' in message)) return
      const frame = Buffer.from(message.request)
      this.#link?.fromNode(String(other), frame, this.#options.clock.now())
      this.#turnSoon()
    }
    this.listening.set(other, new LinkEnd({ up: heard }))
  }

  #exported(message: Down): void {
    this.#link?.exported(writeDown(message))
    this.#turnSoon()
  }

  #upstream(message: Up): void {
    if ('subscribe' in message) this.#link?.upstream(Buffer.from(`\x01${message.subscribe}`))
    else if ('unsubscribe' in message)
      this.#link?.upstream(Buffer.from(`\x00${message.unsubscribe}`))
    else this.#link?.upstream(writeRequest(message))
    this.#turnSoon()
  }

  #subscribe(prefix: string, isAdded: boolean): void {
    if (isAdded) this.topics.add(prefix)
    else this.topics.delete(prefix)
    for (const pipe of this.#export.ups)
      pipe.sendUp(isAdded ? { subscribe: prefix } : { unsubscribe: prefix })
  }

  #turnSoon(): void {
    if (this.#isTurnDue || !this.#link) return
    this.#isTurnDue = true
    this.#options.clock.endOfTurn(() => {
      this.#isTurnDue = false
      this.#link?.endTurn(this.#options.clock.now())
      if (this.#link?.give()) this.#turnSoon()
      this.#arm()
    })
  }

  #arm(): void {
    const link = this.#link
    const now = this.#options.clock.now()
    const at = link?.dueAt(now) ?? Infinity
    if (!link || at >= this.#timerAt) return
    this.#timerAt = at
    this.#options.clock.after(Math.max(at - now, leastMs), () => {
      if (this.#link !== link || this.#timerAt !== at) return
      this.#timerAt = Infinity
      link.tick(this.#options.clock.now(), 0)
      if (link.give()) this.#turnSoon()
      this.#arm()
    })
  }
}

/** The links of all nodes by a group, with a channel of two connections between each two of them. */
export class SimulatedMulticast {
  /** The connection on which one node speaks to another, by `from>to`. */
  readonly channels = new Map<string, Pipe>()
  readonly #ends: NodeEnd[]
  readonly #group: SimulatedGroup

  constructor(options: MulticastOptions) {
    const nodes = options.hubs.length
    const isSealed = Math.floor(options.seed / seedsOfOneSealing) % 2 === 1
    const all = { ...options, isSealed }
    this.#ends = options.hubs.map((_, node) => new NodeEnd(node, all, () => this.#group))
    this.#group = new SimulatedGroup({
      ...all,
      nodes,
      arrived: (at, datagram, from) => this.#ends[at]?.arrived(datagram, from),
    })
    for (const end of this.#ends)
      for (const [other, speaking] of end.speaking) {
        const listening = this.#ends[other]?.listening.get(end.node) as LinkEnd
        const pipe = options.pipe('link', listening, speaking, { delayMs: 3 })
        // Until both their cluster processes are there.
        pipe.faults = 2
        this.channels.set(`${end.node}>${other}`, pipe)
      }
  }

  /** Hubs whose pipes stand and fall with the cluster process of the node. */
  hubsOf(node: number): Hub<Pipe>[] {
    const end = this.#ends[node]
    return end ? [...end.speaking.values(), ...end.listening.values()] : []
  }

  started(node: number): void {
    this.#ends[node]?.start()
    for (const end of this.#ends) if (end.node !== node) end.began(node)
  }

  crashed(node: number): void {
    this.#ends[node]?.crash()
  }

  /** What an update takes from one node to another. */
  path(from: number, to: number): { isFree(topics: Iterable<string>, now: number): boolean }[] {
    const channels = [this.channels.get(`${from}>${to}`), this.channels.get(`${to}>${from}`)]
    const [source, target] = [this.#ends[from], this.#ends[to]]
    return [
      ...(source ? [source.exportPipe] : []),
      ...channels.map((pipe) => ({
        isFree: (_: Iterable<string>, now: number) => pipe?.isFree([], now) ?? false,
      })),
      ...(target ? [target.outboundPipe] : []),
    ]
  }
}

/** The topic, a byte that none has, and the message. */
const writeDown = ({ topic, message }: Down): Buffer =>
  Buffer.concat([Buffer.from(`${topic}\x00`), message])

function readDown(bytes: Buffer): Down {
  const end = bytes.indexOf(0)
  return { topic: bytes.toString('utf8', 0, end), message: bytes.subarray(end + 1) }
}

type Request = Extract<Up, { request: Uint8Array }>

function writeRequest({ request, publishers }: Request): Buffer {
  const whom = Buffer.from(JSON.stringify(publishers))
  const head = Buffer.alloc(5, requestMark)
  head.writeUInt32LE(whom.length, 1)
  return Buffer.concat([head, whom, request])
}

function readRequest(frame: Buffer): Request {
  const end = 5 + frame.readUInt32LE(1)
  const publishers = JSON.parse(frame.toString('utf8', 5, end)) as string[] | null
  return { request: frame.subarray(end), publishers }
}
