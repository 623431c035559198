import { randomBytes } from 'node:crypto'
import type { Clock, Timer } from '../../../base/clock.ts'
import { hostPort } from '../../../base/host-port.ts'
import { RateLimit } from '../../../base/rate-limit.ts'
import type { TidingsError } from '../../../base/tidings-error.ts'
import { isLoopbackAddress, thisMachine } from '../../../definition/machine.ts'
import type { MulticastSettings } from '../../../definition/settings.ts'
import type { LinksSnapshot } from '../../../model/link-snapshot.ts'
import type { Keys } from '../../../sockets/keys/keys.ts'
import type { Misfit, Refusal } from '../../../sockets/keys/refusal.ts'
import { socketLimits } from '../../../sockets/socket-options.ts'
import type { LinkState, OnClusterEvent } from '../../cluster-event.ts'
import type { LinkedBus, LinkPeer, Links } from '../links.ts'
import { renewIntervalMs } from '../links.ts'
import { BusEnds } from './bus-ends.ts'
import { GroupMembership } from './group-membership.ts'
import { sealKeyBytes } from './datagram-seal.ts'
import { LinkChannel } from './link-channel.ts'
import { multicastLimits } from './multicast-limits.ts'
import { MulticastNode } from './multicast-node.ts'
import { multicastStates } from './multicast-states.ts'
import { ReceptionReport } from './reception-report.ts'

interface MulticastLinksOptions {
  readonly bus: LinkedBus
  readonly settings: MulticastSettings
  /** Where the channel is bound. */
  readonly bind: string
  readonly port: number
  /** The address at which other nodes reach this one now. */
  readonly advertised: () => string
  readonly zapDomain: string
  /** This life of GENESIS_CLUSTER. */
  readonly uuid: string
  /** The first four bytes of what the name of the cluster hashes to. */
  readonly cluster: number
  readonly clock: Clock
  readonly on: OnClusterEvent
  /** What the channel and the ends of the bus connect with, and the channel demands; null: there are none. */
  readonly keys: Keys | null
  readonly stranger: (endpoint: string) => void
  readonly misfit: (endpoint: string, misfit: Misfit) => void
  readonly refused: (node: string, endpoint: string, refusal: Refusal) => void
  readonly failed: (error: TidingsError) => void
}

/** How often it is looked at how datagrams come, milliseconds. */
const reportMs = 1_000

/** The other node lives on this machine. */
const isHere = (address: string): boolean =>
  isLoopbackAddress(address) || thisMachine().addresses.has(address)

/** A timer that comes so much too late tells that this process stood still, milliseconds. */
const stoodStillMs = 100

/**
 * Links to all other nodes by a group of UDP multicast, with a channel over TCP to each of them. Here are the sockets
 * and the timer; what is said on them is for `MulticastNode` to decide.
 */
export class MulticastLinks implements Links {
  readonly #options: MulticastLinksOptions
  readonly #node: MulticastNode
  readonly #group: GroupMembership
  readonly #report: ReceptionReport
  readonly #renewals = new RateLimit(renewIntervalMs)
  #bus: BusEnds | null = null
  #channel: LinkChannel | null = null
  #timer: Timer | null = null
  #timerAt = Infinity
  #reportAt = 0
  #isTurnDue = false
  #isClosed = false

  private constructor(options: MulticastLinksOptions) {
    this.#options = options
    const { settings, cluster, clock } = options
    const now = clock.now()
    const { datagramBytes, bytesPerSecond } = settings
    this.#node = new MulticastNode(
      {
        session: randomBytes(8).toString('hex'),
        cluster,
        datagramBytes,
        bytesPerSecond,
        maxMessageBytes: socketLimits.maxFrameBytes,
        limits: multicastLimits,
        newKey: options.keys && (() => randomBytes(sealKeyBytes)),
        random: Math.random,
        now,
      },
      {
        toGroup: (datagram) => this.#group.send(datagram),
        toNode: (node, frame) => this.#channel?.send(node, frame),
        toProcesses: (message) => this.#bus?.give(message),
        subscribe: ({ prefix, isAdded }) => this.#bus?.subscribe(prefix, isAdded),
        request: (frame) => this.#bus?.request(frame),
      },
    )
    this.#group = new GroupMembership({
      ...options,
      datagram: (bytes, from) => this.#heard(bytes, from),
      changed: (ear) => this.#node.setEar(ear),
    })
    this.#report = new ReceptionReport(settings, now)
  }

  /** @throws TidingsError PORT_TAKEN; nothing is left open then. */
  static async open(options: MulticastLinksOptions): Promise<MulticastLinks> {
    const links = new MulticastLinks(options)
    try {
      await links.#open()
    } catch (error) {
      await links.closeAll()
      throw error
    }
    return links
  }

  open(peer: LinkPeer): void {
    const { node } = peer
    if (this.#isClosed || !this.#channel?.reach(peer)) return
    if (isHere(peer.address)) this.#group.loop()
    this.#node.close(node)
    this.#node.open(node)
    const { group, port } = this.#options.settings
    this.#tell(
      node,
      'opened',
      `multicast ${hostPort(group, port)}, channel ${hostPort(peer.address, peer.headers.relay)}`,
    )
  }

  async close(node: string): Promise<void> {
    if (!this.#channel?.leave(node)) return
    this.#node.close(node)
    this.#tell(node, 'closed', 'the node is gone, or is not to be linked')
  }

  renew(node: string, now: number): boolean {
    if (!this.#channel?.mayRenew(node, now) || !this.#renewals.admits(node, now)) return false
    this.#channel.renew(node)
    this.#tell(node, 'renewed', 'a process asked for it')
    return true
  }

  states(now: number): LinksSnapshot {
    return multicastStates({
      settings: this.#options.settings,
      channels: this.#channel?.conditions(now) ?? [],
      receptions: this.#node.receptions(now),
      lostShares: this.#report.lostShares,
      counts: this.#node.counts,
      dropped: this.#node.dropped,
      socket: this.#group.socket,
    })
  }

  async closeAll(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#bus?.close()
    await Promise.all([this.#group.close(), this.#channel?.close()])
  }

  async #open(): Promise<void> {
    const { bus, clock, keys, failed, on } = this.#options
    const warn = (message: string): void => on({ type: 'warning', message })
    this.#channel = await LinkChannel.open({
      ...this.#options,
      warn,
      message: (node, frame) => {
        this.#node.fromNode(node, frame, clock.now())
        this.#turnSoon()
      },
      connected: (node) => {
        this.#tell(node, 'connected', 'the channel stands')
        this.#node.connected(node)
      },
    })
    await this.#group.open()
    this.#bus = new BusEnds({
      outboundAt: bus.outboundAt,
      relayAt: bus.relayAt,
      keys,
      clock,
      failed,
      isFull: () => this.#node.isFull,
      exported: (message) => {
        this.#node.exported(message)
        this.#turnSoon()
      },
      upstream: (frame) => {
        this.#node.upstream(frame)
        this.#turnSoon()
      },
    })
    this.#arm()
  }

  #heard(bytes: Buffer, from: string): void {
    this.#node.datagram(bytes, from, this.#options.clock.now())
    this.#turnSoon()
  }

  #turnSoon(): void {
    if (this.#isTurnDue || this.#isClosed) return
    this.#isTurnDue = true
    this.#options.clock.endOfTurn(() => {
      this.#isTurnDue = false
      if (this.#isClosed) return
      this.#node.endTurn(this.#options.clock.now())
      this.#give()
      this.#arm()
    })
  }

  /** What is left goes on in the next turn: the event loop belongs to the roster, too. */
  #give(): void {
    if (this.#node.give()) this.#turnSoon()
    if (!this.#node.isFull) this.#bus?.resume()
  }

  /** One timer, for what is due first. */
  #arm(): void {
    const now = this.#options.clock.now()
    const dueAt = this.#node.dueAt(now)
    if (this.#isClosed || (this.#timer !== null && this.#timerAt <= dueAt)) return
    this.#timer?.cancel()
    this.#timerAt = dueAt
    this.#timer = this.#options.clock.after(Math.max(0, dueAt - now), () => this.#tick())
  }

  #tick(): void {
    const now = this.#options.clock.now()
    const late = now - this.#timerAt
    this.#timer = null
    this.#node.tick(now, late > stoodStillMs ? late : 0)
    this.#give()
    this.#arm()
    if (now >= this.#reportAt) this.#tellReceptions(now)
  }

  #tellReceptions(now: number): void {
    this.#reportAt = now + reportMs
    this.#group.look()
    const words = this.#report.tick(this.#node.receptions(now), this.#node.dropped, now)
    for (const message of words) this.#options.on({ type: 'warning', message })
  }

  #tell(node: string, state: LinkState, why: string): void {
    this.#options.on({ type: 'link', node, state, message: `link to ${node} ${state}: ${why}` })
  }
}
