import type { Dealer, Router } from 'zeromq'
import { Dealer as DealerSocket, Router as RouterSocket } from 'zeromq'
import { inBackground } from '../../base/background.ts'
import type { Clock } from '../../base/clock.ts'
import type { TidingsError } from '../../base/tidings-error.ts'
import type { NodeState } from '../../model/cluster-snapshot.ts'
import { ConnectionMonitor } from '../../sockets/connection-monitor.ts'
import { bindPort, portRemedy } from '../../sockets/port-owner.ts'
import { boundRouter, farApart, sendingDealer } from '../../sockets/socket-options.ts'
import { fairReceive } from '../bus/fair-receive.ts'
import type { Peer, TidingsHeaders } from './peers.ts'
import { Peers, whisperVersion, writeHeaders } from './peers.ts'
import type { Whisper } from './whisper.ts'
import { decodeWhisper, encodeWhisper } from './whisper.ts'
import type { ZreMessage } from './zre-codec.ts'
import { decodeZre, encodeZre, zreIdentity, zreUuid } from './zre-codec.ts'
import { connectSocket, disconnectSocket } from '../../sockets/uninterrupted.ts'

/** How often each node is pinged, milliseconds. */
export const pingIntervalMs = 1_000

/** Refused HELLOs that are told, each once: a host that says ever new nonsense must not fill the log. */
const maxWarnings = 100

interface MembershipHandlers {
  state(node: string, state: NodeState): void
  /** A HELLO was accepted; `begins`: this life of the node was unknown. */
  peer(peer: Peer, begins: boolean): void
  whisper(node: string, whisper: Whisper): void
  warning(message: string): void
  /** Somebody came to this endpoint and did not finish a handshake. */
  stranger(endpoint: string): void
  /** It hears nobody any more. */
  failed(error: TidingsError): void
}

interface MembershipOptions {
  readonly bind: string
  readonly port: number
  /** What other nodes reach us at, for the HELLO. */
  readonly endpoint: string
  readonly zapDomain: string
  /** This life of GENESIS_CLUSTER: 32 hexadecimal digits. */
  readonly uuid: string
  readonly node: string
  readonly otherNodes: readonly string[]
  readonly clock: Clock
  readonly handlers: MembershipHandlers
}

interface PeerConnection {
  readonly dealer: Dealer
  readonly monitor: ConnectionMonitor
  readonly endpoint: string
  sequence: number
}

type WithoutSequence<M> = M extends ZreMessage ? Omit<M, 'sequence'> : never

/** The ZRE group of all nodes: each joins it right behind its HELLO. */
const clusterGroup = 'TIDINGS'

/**
 * The sockets of ZRE (RFC 36): one ROUTER that hears all nodes, and to each node a DEALER whose
 * routing id says who we are. What we say may be lost with a connection; every connection begins
 * with HELLO, and what is whispered is state that is asked for again.
 */
export class Membership {
  readonly #options: MembershipOptions
  readonly #uuid: string
  readonly #router: Router
  readonly #routerMonitor: ConnectionMonitor
  readonly #peers: Peers
  readonly #outgoing = new Map<string, PeerConnection>()
  readonly #warned = new Set<string>()
  #headers: TidingsHeaders | null = null
  #closed = false

  private constructor(options: MembershipOptions) {
    this.#options = options
    this.#uuid = options.uuid
    this.#peers = new Peers(options.node, this.#uuid, options.otherNodes)
    // A node that comes back through a new connection takes over from its half-open old one.
    this.#router = new RouterSocket({
      ...farApart(boundRouter(options.zapDomain)),
      handover: true,
    })
    this.#routerMonitor = new ConnectionMonitor(this.#router, options.clock, {
      stranger: (endpoint) => options.handlers.stranger(endpoint),
      failed: (error) => options.handlers.failed(error),
    })
  }

  /** @throws TidingsError PORT_TAKEN; nothing is left open then. It is silent before `listen()`. */
  static async open(options: MembershipOptions): Promise<Membership> {
    const membership = new Membership(options)
    try {
      await bindPort(
        membership.#router,
        options.bind,
        options.port,
        'ClusterPort, membership',
        portRemedy,
      )
    } catch (error) {
      await membership.close()
      throw error
    }
    return membership
  }

  /** Hears and speaks from now on; the headers say who we are. */
  listen(headers: TidingsHeaders): void {
    this.#headers = headers
    inBackground(this.#receive(), (error) => this.#options.handlers.failed(error))
  }

  /** Says where a node is; again when its address has changed. */
  reach(node: string, endpoint: string): void {
    const old = this.#outgoing.get(node)
    if (this.#closed || old?.endpoint === endpoint) return
    if (old) this.#leave(old)
    const dealer = new DealerSocket(farApart(sendingDealer()))
    // The type of zeromq.js asks for text; a ZRE routing id is 17 octets of any value.
    ;(dealer as { routingId: unknown }).routingId = zreIdentity(this.#uuid)
    const monitor = new ConnectionMonitor(dealer, this.#options.clock, {
      connected: () => this.#connected(node),
      disconnected: () => this.#peers.connection(node, false),
      dead: () => this.#reconnect(outgoing),
      failed: (error) => this.#options.handlers.failed(error),
    })
    const outgoing: PeerConnection = { dealer, monitor, endpoint, sequence: 0 }
    this.#outgoing.set(node, outgoing)
    monitor.expect(endpoint)
    connectSocket(dealer, endpoint)
    inBackground(this.#drain(dealer), (error) => this.#options.handlers.warning(error.message))
  }

  state(node: string): NodeState {
    return this.#peers.state(node)
  }

  peer(node: string): Peer | undefined {
    return this.#peers.peer(node)
  }

  /**
   * To a GENESIS_CLUSTER that is not gone; to nobody else.
   * @throws TidingsError LIMIT_EXCEEDED where it is too long.
   */
  whisper(node: string, whisper: Whisper): void {
    const speaks = this.#peers.peer(node)?.headers?.wire === whisperVersion
    if (!speaks || this.#peers.state(node) === 'gone') return
    this.#say(node, { type: 'whisper' }, encodeWhisper(whisper))
  }

  /** Every `pingIntervalMs`. `late`: how long this process stood still. */
  tick(now: number, late: number): void {
    for (const node of this.#peers.tick(now, late)) this.#changed(node)
    for (const node of this.#outgoing.keys()) {
      if (this.#peers.state(node) === 'alive') this.#say(node, { type: 'ping' })
      else this.#hello(node)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const outgoing of this.#outgoing.values()) this.#leave(outgoing)
    this.#router.close()
    this.#routerMonitor.close()
    await this.#routerMonitor.ended
  }

  #leave({ dealer, monitor }: PeerConnection): void {
    monitor.close()
    dealer.close()
  }

  #connected(node: string): void {
    this.#peers.connection(node, true)
    this.#hello(node)
  }

  #reconnect(outgoing: PeerConnection): void {
    if (this.#closed || outgoing.dealer.closed) return
    outgoing.monitor.expect(outgoing.endpoint)
    disconnectSocket(outgoing.dealer, outgoing.endpoint)
    connectSocket(outgoing.dealer, outgoing.endpoint)
  }

  #changed(node: string): void {
    this.#options.handlers.state(node, this.#peers.state(node))
  }

  #hello(node: string): void {
    const outgoing = this.#outgoing.get(node)
    if (!outgoing || this.#headers === null) return
    outgoing.sequence = 0
    const { endpoint, node: name } = this.#options
    this.#say(node, {
      type: 'hello',
      endpoint,
      groups: [],
      status: 0,
      name,
      headers: writeHeaders(this.#headers),
    })
    this.#say(node, { type: 'join', group: clusterGroup, status: 1 })
  }

  #say(node: string, message: WithoutSequence<ZreMessage>, ...content: Uint8Array[]): void {
    const outgoing = this.#outgoing.get(node)
    if (!outgoing || this.#closed) return
    outgoing.sequence = (outgoing.sequence + 1) & 0xffff
    const frame = encodeZre({ ...message, sequence: outgoing.sequence })
    // Without a connection it is dropped: the next one begins with HELLO.
    outgoing.dealer.send([frame, ...content]).catch(() => {})
  }

  async #receive(): Promise<void> {
    for await (const [identity, frame, ...content] of fairReceive(this.#router)) {
      if (this.#closed) return
      const uuid = identity ? zreUuid(identity) : null
      const message = frame ? decodeZre(frame) : null
      if (uuid !== null && message !== null) this.#take(uuid, message, content)
    }
  }

  /** ZRE nodes answer through DEALERs of their own; nothing comes back on ours. */
  async #drain(dealer: Dealer): Promise<void> {
    for await (const _ of dealer) if (this.#closed) return
  }

  #take(uuid: string, message: ZreMessage, content: readonly Buffer[]): void {
    if (message.type === 'hello' && !this.#greeted(uuid, message)) return
    const node = this.#peers.nodeOf(uuid)
    if (node === undefined) return
    if (this.#peers.heard(node, this.#options.clock.now())) this.#changed(node)
    if (message.type === 'ping') this.#say(node, { type: 'ping-ok' })
    const first = content[0]
    const whisper = message.type === 'whisper' && first ? decodeWhisper(first) : null
    if (whisper) this.#options.handlers.whisper(node, whisper)
  }

  #greeted(uuid: string, hello: ZreMessage & { type: 'hello' }): boolean {
    const at =
      [...this.#outgoing].find(([, outgoing]) => outgoing.endpoint === hello.endpoint)?.[0] ?? null
    const outcome = this.#peers.hello(uuid, hello, at)
    if (outcome.type === 'refused') {
      if (!this.#warned.has(outcome.why) && this.#warned.size < maxWarnings) {
        this.#warned.add(outcome.why)
        this.#options.handlers.warning(`a HELLO was refused: ${outcome.why}`)
      }
      return false
    }
    this.#options.handlers.peer(outcome.peer, outcome.begins)
    return true
  }
}
