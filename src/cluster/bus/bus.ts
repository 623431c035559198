import { isIPv6 } from 'node:net'
import { tcpEndpoint } from '../../base/host-port.ts'
import { randomUUID } from 'node:crypto'
import { XPublisher, XSubscriber } from 'zeromq'
import { inBackground } from '../../base/background.ts'
import type { Clock } from '../../base/clock.ts'
import type { NodePorts } from '../../definition/settings.ts'
import { ConnectionMonitor } from '../../sockets/connection-monitor.ts'
import { withoutWarnings } from '../../sockets/keys/curve.ts'
import { KeyChoice } from '../../sockets/keys/key-choice.ts'
import type { Keys } from '../../sockets/keys/keys.ts'
import type { Misfit } from '../../sockets/keys/refusal.ts'
import { bindPort, portRemedy } from '../../sockets/port-owner.ts'
import {
  boundXpub,
  boundXsub,
  connectingXpub,
  farApart,
  inboundXsub,
} from '../../sockets/socket-options.ts'
import { isEveryAddress, loopback } from '../access/addresses.ts'
import { connectSocket } from '../../sockets/uninterrupted.ts'
import { NativeProxy } from './native-proxy.ts'

/** The proxies that every bus has; each link adds one. */
export const busProxies = 3

/** Where the intake of what foreign programs publish subscribes, and what it asks of who comes there (PLAIN, RFC 24). */
export interface ForeignAt {
  readonly endpoint: string
  readonly user: string
  readonly password: string
}

interface BusOptions {
  /** Address that the ports are bound at. */
  readonly bind: string
  readonly ports: Pick<NodePorts, 'inbound' | 'outbound' | 'relay' | 'export'>
  readonly zapDomain: string
  readonly keys: Keys | null
  readonly clock: Clock
  /** There are other nodes, so links may come. */
  readonly linked: boolean
  /** What is exported goes to the links of this node, and no other node takes it from the relay port. */
  readonly exportsToLinks?: boolean
  /** Where the intake of what foreign programs publish subscribes. */
  readonly foreignAt?: ForeignAt | undefined
  /** Somebody came to this endpoint and did not finish a handshake. */
  readonly stranger: (endpoint: string) => void
  /** Somebody came to this endpoint with no key, or with another one. */
  readonly misfit: (endpoint: string, misfit: Misfit) => void
}

interface SocketPair {
  readonly front: XSubscriber
  readonly back: XPublisher
}

/**
 * The data path of a node: three proxies that run in libzmq, so that updates flow while JavaScript
 * is busy.
 *
 *   inbound  XSUB :inbound            → XPUB connected to outbound, export and the intake
 *   outbound XSUB inproc or TCP       → XPUB :outbound    fed by inbound and by the links
 *   export   XSUB :export             → XPUB :relay       fed by inbound and by mesh processes
 *
 * By multicast the relay port belongs to the links, and export gives to them at a port of loopback.
 *
 * It cannot loop: nothing from another node reaches export, and nothing of a mesh process reaches
 * outbound. Whoever comes and goes connects; a running proxy is never touched.
 *
 * An XSUB that several may feed is joined to the others by TCP on loopback and not inproc. libzmq
 * 4.3.5 counts the holders of a message that an XSUB sends up to several pipes; an XPUB that takes
 * such a message (of more than 33 bytes) inproc hands its mark "shared" on to a copy that nobody
 * counted (`xpub_t::xrecv`, pending flags). The next XSUB that sends the copy to several frees it
 * too early, and the process dies with a segmentation fault. Over TCP the mark does not travel.
 * Outbound without links is fed by inbound alone: nothing is shared, and a hop through the kernel
 * is saved. Export is a port, and whoever this host lets in may connect to it.
 */
export class Bus {
  #outboundAt: string
  #relayAt: string
  readonly #exportAt: string
  readonly #options: BusOptions
  readonly #pairs: SocketPair[] = []
  readonly #proxies: NativeProxy[] = []
  readonly #monitors: ConnectionMonitor[] = []
  readonly #failed = Promise.withResolvers<Error>()

  private constructor(options: BusOptions) {
    this.#options = options
    const id = randomUUID()
    this.#outboundAt = `inproc://outbound-${id}`
    this.#relayAt = tcpEndpoint(localOf(options.bind), options.ports.relay)
    this.#exportAt = tcpEndpoint(localOf(options.bind), options.ports.export)
  }

  /** Where links put what they bring. */
  get outboundAt(): string {
    return this.#outboundAt
  }

  /** Where links find what is exported. */
  get relayAt(): string {
    return this.#relayAt
  }

  /**
   * Binds all ports; nothing flows before `run()`. The access list must answer already.
   * @throws TidingsError PORT_TAKEN, naming the port and what it is for; nothing is left open then.
   */
  static async bind(options: BusOptions): Promise<Bus> {
    const bus = new Bus(options)
    try {
      await bus.#bindOutbound()
      await bus.#bindExport()
      await bus.#bindInbound()
    } catch (error) {
      await bus.close()
      throw error
    }
    return bus
  }

  /** Starts the proxies, each on a thread of its own. */
  run(): void {
    for (const { front, back } of this.#pairs) {
      const proxy = new NativeProxy(front, back)
      this.#proxies.push(proxy)
      inBackground(
        proxy.ended.then((error) => error !== null && this.#failed.resolve(error)),
        (error) => this.#failed.resolve(error),
      )
    }
  }

  /** Resolves when a proxy or what joins them has ended and nobody stopped it; what failed. */
  failed(): Promise<Error> {
    return this.#failed.promise
  }

  /** Idempotent; resolves when the ports are free. */
  async close(): Promise<void> {
    for (const monitor of this.#monitors) monitor.close()
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()))
    for (const { front, back } of this.#pairs) {
      front.close()
      back.close()
    }
    await Promise.all(this.#monitors.map((monitor) => monitor.ended))
  }

  async #bindOutbound(): Promise<void> {
    const { bind, keys, ports, zapDomain } = this.#options
    const { front, back } = this.#pair(boundXsub(zapDomain, keys), boundXpub(zapDomain, keys))
    if (this.#options.linked) {
      await bindPort(front, loopback, 0, 'between the proxies')
      this.#outboundAt = front.lastEndpoint ?? ''
    } else await front.bind(this.#outboundAt)
    await bindPort(back, bind, ports.outbound, 'ZeroMQProxyOutboundPort', portRemedy)
  }

  async #bindExport(): Promise<void> {
    const { bind, keys, ports, zapDomain } = this.#options
    const relay = farApart(boundXpub(zapDomain, keys))
    const { front, back } = this.#pair(boundXsub(zapDomain, keys), relay)
    await bindPort(front, bind, ports.export, 'TidingsExportPort')
    if (this.#options.exportsToLinks) {
      await bindPort(back, loopback, 0, 'between the proxies')
      this.#relayAt = back.lastEndpoint ?? ''
    } else await bindPort(back, bind, ports.relay, 'TidingsRelayPort', portRemedy)
  }

  async #bindInbound(): Promise<void> {
    const { bind, keys, ports, zapDomain } = this.#options
    const { front, back, monitor } = this.#pair(inboundXsub(zapDomain, keys), connectingXpub(keys))
    await bindPort(front, bind, ports.inbound, 'ZeroMQProxyInboundPort', portRemedy)
    this.#connectToIntake(back, monitor)
    for (const endpoint of [this.#outboundAt, this.#exportAt]) {
      monitor.connect(endpoint)
    }
  }

  /**
   * What foreign programs publish bears no numbers before the intake: what a hop drops here nobody
   * would know of. So this one connection has no mark, and the intake takes what comes by bytes. A
   * mark belongs to the connections made while it holds, and so does the password: the others get theirs.
   */
  #connectToIntake(back: XPublisher, monitor: ConnectionMonitor): void {
    const { foreignAt } = this.#options
    if (foreignAt === undefined) return
    const { endpoint, user, password } = foreignAt
    const mark = back.sendHighWaterMark
    back.sendHighWaterMark = 0
    back.plainUsername = user
    back.plainPassword = password
    monitor.expect(endpoint)
    connectSocket(back, endpoint)
    back.sendHighWaterMark = mark
    withoutWarnings(() => (back.plainUsername = null))
  }

  #pair(
    frontOptions: ConstructorParameters<typeof XSubscriber>[0],
    backOptions: ConstructorParameters<typeof XPublisher>[0],
  ): SocketPair & { readonly monitor: ConnectionMonitor } {
    // An option of a socket that joins addresses of both families has to be set before the first of them.
    const ipv6 = isIPv6(this.#options.bind)
    const pair = {
      front: new XSubscriber({ ...frontOptions, ipv6 }),
      back: new XPublisher({ ...backOptions, ipv6 }),
    }
    this.#pairs.push(pair)
    const { clock, keys, stranger, misfit } = this.#options
    const failed = (error: Error) => this.#failed.resolve(error)
    const arrivals = { stranger, misfit, failed }
    const dead = (endpoint: string, why: string) =>
      this.#failed.resolve(new Error(`${endpoint}: ${why}`))
    const choice = KeyChoice.of(keys)
    const monitor = new ConnectionMonitor(pair.back, clock, { ...arrivals, dead }, choice)
    this.#monitors.push(new ConnectionMonitor(pair.front, clock, arrivals), monitor)
    return { ...pair, monitor }
  }
}

/** Where this process itself reaches a port bound at all addresses. */
const localOf = (bind: string) => (isEveryAddress(bind) ? loopback : bind)
