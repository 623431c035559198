import { Router } from 'zeromq'
import { inBackground } from '../../../base/background.ts'
import type { Clock } from '../../../base/clock.ts'
import { tcpEndpoint } from '../../../base/host-port.ts'
import type { TidingsError } from '../../../base/tidings-error.ts'
import type { LinkSnapshot } from '../../../model/link-snapshot.ts'
import { ConnectionMonitor } from '../../../sockets/connection-monitor.ts'
import type { Keys } from '../../../sockets/keys/keys.ts'
import type { Misfit, Refusal } from '../../../sockets/keys/refusal.ts'
import { bindPort, portRemedy } from '../../../sockets/port-owner.ts'
import { boundRouter, farApart, socketLimits } from '../../../sockets/socket-options.ts'
import { fairReceive } from '../../bus/fair-receive.ts'
import { zreUuid } from '../../membership/zre-codec.ts'
import type { LinkPeer } from '../links.ts'
import { ChannelDealer } from './channel-dealer.ts'
import { multicastLimits } from './multicast-limits.ts'

interface ChannelOptions {
  readonly bind: string
  readonly port: number
  readonly zapDomain: string
  readonly uuid: string
  readonly keys: Keys | null
  readonly clock: Clock
  readonly message: (node: string, frame: Buffer) => void
  /** The connection to this node stands (again). */
  readonly connected: (node: string) => void
  readonly stranger: (endpoint: string) => void
  readonly misfit: (endpoint: string, misfit: Misfit) => void
  readonly refused: (node: string, endpoint: string, refusal: Refusal) => void
  readonly failed: (error: TidingsError) => void
  readonly warn: (message: string) => void
}

interface OtherEnd {
  readonly life: string
  readonly endpoint: string
  readonly dealer: ChannelDealer
}

/** Beside a message of the largest size that a publisher sends. */
const maxMessageBytes = socketLimits.maxFrameBytes + multicastLimits.channelMessageBytes

/** Frames that wait for their reader, of one node: then TCP holds up who sends. */
const receiveHighWaterMark = 64

/**
 * What the nodes say to each other beside the group, over TCP, reliable while the connection stands and in order: one
 * ROUTER that hears all, and to each node a DEALER that says who we are. Who is no member is not heard.
 */
export class LinkChannel {
  readonly #options: ChannelOptions
  readonly #router: Router
  readonly #monitor: ConnectionMonitor
  readonly #others = new Map<string, OtherEnd>()
  readonly #nodeOf = new Map<string, string>()
  #isClosed = false

  private constructor(options: ChannelOptions) {
    this.#options = options
    const { clock, keys, failed, stranger, misfit, zapDomain } = options
    const bound = farApart(boundRouter(zapDomain, keys))
    const own = { handover: true, receiveHighWaterMark, maxMessageSize: maxMessageBytes }
    this.#router = new Router({ ...bound, ...own })
    this.#monitor = new ConnectionMonitor(this.#router, clock, { stranger, misfit, failed })
  }

  /** @throws TidingsError PORT_TAKEN; nothing is left open then. */
  static async open(options: ChannelOptions): Promise<LinkChannel> {
    const channel = new LinkChannel(options)
    const { bind, port } = options
    try {
      await bindPort(channel.#router, bind, port, 'TidingsRelayPort', portRemedy)
    } catch (error) {
      await channel.close()
      throw error
    }
    inBackground(channel.#receive(), options.failed)
    return channel
  }

  /** True where it is new, or leads elsewhere now. */
  reach({ node, life, address, headers }: LinkPeer): boolean {
    const endpoint = tcpEndpoint(address, headers.relay)
    const old = this.#others.get(node)
    if (old?.life === life && old.endpoint === endpoint) return false
    this.leave(node)
    const { clock, keys, uuid, connected, refused, warn } = this.#options
    const dealer = new ChannelDealer({
      endpoint,
      uuid,
      highWaterMark: multicastLimits.channelHighWaterMark,
      maxMessageBytes,
      clock,
      keys,
      connected: () => connected(node),
      refused: (at, refusal) => refused(node, at, refusal),
      failed: ({ message }) => warn(`the channel to ${node}: ${message}`),
    })
    this.#others.set(node, { life, endpoint, dealer })
    this.#nodeOf.set(life, node)
    return true
  }

  /** False: there was none. */
  leave(node: string): boolean {
    const old = this.#others.get(node)
    if (!old) return false
    old.dealer.close()
    this.#others.delete(node)
    this.#nodeOf.delete(old.life)
    return true
  }

  send(node: string, frame: Buffer): void {
    this.#others.get(node)?.dealer.send(frame)
  }

  /** Of each node that it leads to. */
  conditions(now: number): Pick<LinkSnapshot, 'node' | 'state' | 'at' | 'forMs'>[] {
    return [...this.#others].map(([node, { endpoint, dealer }]) => ({
      node,
      at: endpoint.replace(/^tcp:\/\//, ''),
      ...dealer.condition(now),
    }))
  }

  /** True where making the connection anew helps. */
  mayRenew(node: string, now: number): boolean {
    return this.#others.get(node)?.dealer.mayRenew(now) ?? false
  }

  renew(node: string): void {
    this.#others.get(node)?.dealer.renew()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const node of this.#others.keys()) this.leave(node)
    this.#router.close()
    this.#monitor.close()
    await this.#monitor.ended
  }

  async #receive(): Promise<void> {
    for await (const [identity, frame] of fairReceive(this.#router)) {
      if (this.#isClosed) return
      const life = identity ? zreUuid(identity) : null
      const node = life === null ? undefined : this.#nodeOf.get(life)
      if (node !== undefined && frame) this.#options.message(node, frame)
    }
  }
}
