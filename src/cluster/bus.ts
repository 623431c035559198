import { randomUUID } from 'node:crypto'
import type { Socket } from 'zeromq'
import { XPublisher, XSubscriber } from 'zeromq'
import type { Clock } from '../base/clock.ts'
import type { NodePorts } from '../definition/settings.ts'
import { ConnectionMonitor } from '../transport/zeromq/connection-monitor.ts'
import { bindPort } from '../transport/zeromq/port-owner.ts'
import { boundXpub, boundXsub, connectingXpub } from '../transport/zeromq/socket-options.ts'
import { NativeProxy } from './native-proxy.ts'

/** The proxies that every bus has; each link adds one. */
export const busProxies = 3

export interface BusOptions {
  /** Address that the ports are bound at. */
  readonly bind: string
  readonly ports: Pick<NodePorts, 'inbound' | 'outbound' | 'relay' | 'export'>
  readonly zapDomain: string
  readonly clock: Clock
}

interface SocketPair {
  readonly front: XSubscriber
  readonly back: XPublisher
}

/**
 * The data path of a node: three proxies that run in libzmq, so that updates flow while JavaScript
 * is busy.
 *
 *   inbound  XSUB :inbound            → XPUB connected to outbound and export
 *   outbound XSUB inproc              → XPUB :outbound    fed by inbound and by the links
 *   export   XSUB inproc and :export  → XPUB :relay       fed by inbound and by mesh processes
 *
 * It cannot loop: nothing from another node reaches export, and nothing of a mesh process reaches
 * outbound. Whoever comes and goes connects; a running proxy is never touched.
 */
export class Bus {
  /** Where links put what they bring. */
  readonly outboundAt: string
  readonly exportAt: string
  readonly #options: BusOptions
  readonly #pairs: SocketPair[] = []
  readonly #proxies: NativeProxy[] = []
  readonly #monitors: ConnectionMonitor[] = []

  private constructor(options: BusOptions) {
    this.#options = options
    const id = randomUUID()
    this.outboundAt = `inproc://outbound-${id}`
    this.exportAt = `inproc://export-${id}`
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
    for (const { front, back } of this.#pairs) this.#proxies.push(new NativeProxy(front, back))
  }

  /** Resolves when a proxy has ended that nobody stopped; what failed. Never after `close()`. */
  async failed(): Promise<Error> {
    return new Promise((resolve) => {
      for (const proxy of this.#proxies) {
        void proxy.ended.then((error) => error !== null && resolve(error))
      }
    })
  }

  /** Idempotent; resolves when the ports are free. */
  async close(): Promise<void> {
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()))
    for (const { front, back } of this.#pairs) {
      front.close()
      back.close()
    }
    await Promise.all(this.#monitors.map((monitor) => monitor.ended))
  }

  async #bindOutbound(): Promise<void> {
    const { bind, ports, zapDomain } = this.#options
    const { front, back } = this.#pair(boundXsub(zapDomain), boundXpub(zapDomain))
    await front.bind(this.outboundAt)
    await bindPort(back, bind, ports.outbound, 'ZeroMQProxyOutboundPort')
  }

  async #bindExport(): Promise<void> {
    const { bind, ports, zapDomain } = this.#options
    const { front, back } = this.#pair(boundXsub(zapDomain), boundXpub(zapDomain))
    await front.bind(this.exportAt)
    await bindPort(front, bind, ports.export, 'TidingsExportPort')
    await bindPort(back, bind, ports.relay, 'TidingsRelayPort')
  }

  async #bindInbound(): Promise<void> {
    const { bind, ports, zapDomain } = this.#options
    const { front, back } = this.#pair(boundXsub(zapDomain), connectingXpub())
    await bindPort(front, bind, ports.inbound, 'ZeroMQProxyInboundPort')
    back.connect(this.outboundAt)
    back.connect(this.exportAt)
  }

  #pair(
    frontOptions: ConstructorParameters<typeof XSubscriber>[0],
    backOptions: ConstructorParameters<typeof XPublisher>[0],
  ): SocketPair {
    const pair = { front: new XSubscriber(frontOptions), back: new XPublisher(backOptions) }
    this.#pairs.push(pair)
    for (const socket of [pair.front, pair.back] satisfies Socket[]) {
      this.#monitors.push(new ConnectionMonitor(socket, this.#options.clock))
    }
    return pair
  }
}
