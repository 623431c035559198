import { TidingsError } from '../../base/tidings-error.ts'
import type { ConnectionCounts, Registration } from '../../model/roster.ts'
import type { RenewStep, Transport, TransportHandlers } from '../transport.ts'
import { AccessList } from './access-list.ts'
import { Condition } from './condition.ts'
import type { ClusterHop } from './endpoints.ts'
import { Endpoints, numericAddress } from './endpoints.ts'
import { HopEvents } from './hop-events.ts'
import { Probe } from './probe.ts'
import { ProcessConnections } from './process-connections.ts'
import { PublishingSocket } from './publishing-socket.ts'
import { Refusals } from './refusals.ts'
import type { RegistrationClientHandlers } from './registration-client.ts'
import { RegistrationClient } from './registration-client.ts'
import type { RegisteredMessage } from './registration-message.ts'
import { RenewalLimit } from './renewal-limit.ts'
import { requireLibzmq } from './socket-options.ts'
import { SubscribingSocket } from './subscribing-socket.ts'
import type { ZeroMQTransportOptions } from './transport-options.ts'
import { unreachable, zeromqPortOf, zeromqPortOffset } from './transport-options.ts'

/** How long closing after a failed `open()` may take to tell GENESIS_CLUSTER of it. */
const farewellMs = 500

/** What `open()` sets up first; all of it stays until `close()`. */
interface Parts {
  readonly endpoints: Endpoints
  readonly subscribing: SubscribingSocket
  readonly publishing: PublishingSocket
  readonly processes: ProcessConnections
  readonly registry: RegistrationClient
}

type Ports = Pick<Registration, 'processPort' | 'zeromqPort'>

/** One process's place in the topology: mesh or proxy inside the node, GENESIS_CLUSTER beyond it. */
export class ZeroMQTransport implements Transport {
  readonly #options: ZeroMQTransportOptions
  readonly #condition: Condition
  readonly #refusals = new Refusals()
  readonly #renewals = new RenewalLimit()
  readonly #events: HopEvents
  #handlers: TransportHandlers | null = null
  #parts: Parts | null = null
  #access: AccessList | null = null
  #answer: RegisteredMessage | null = null
  #ports: Ports = { processPort: null, zeromqPort: null }
  /** The last registration that GENESIS_CLUSTER has acknowledged. */
  #acknowledged: Registration | null = null
  readonly #probe = new Probe()
  /** Why `open()` must end. */
  #failure: TidingsError | null = null
  #opened = false
  #closing: Promise<void> | null = null

  constructor(options: ZeroMQTransportOptions) {
    this.#options = options
    this.#condition = new Condition(options.clock)
    this.#events = new HopEvents(
      (endpoint) => this.#nameOf(endpoint),
      (event) => {
        if (!this.#closing) this.#handlers?.event(event)
      },
    )
  }

  async open(
    registration: Registration,
    handlers: TransportHandlers,
    signal: AbortSignal,
  ): Promise<Registration> {
    if (this.#handlers) throw new TidingsError('USAGE', 'a transport is opened once')
    this.#handlers = handlers
    try {
      requireLibzmq()
      const carried = await this.#establish(registration, signal)
      this.#opened = true
      return carried
    } catch (error) {
      // Whoever was refused never was on the roster; whoever was must not block the name.
      if (this.#answer) this.#parts?.registry.set({ ...registration, state: 'ended', last: [] })
      await this.close(farewellMs)
      throw TidingsError.from(error)
    }
  }

  send(topic: string, frames: readonly Uint8Array[]): void {
    this.#live()?.publishing.send(topic, frames)
  }

  request(frame: Uint8Array): void {
    this.#live()?.subscribing.request(frame)
  }

  subscribe(topicPrefix: string): void {
    this.#live()?.subscribing.subscribe(topicPrefix)
  }

  unsubscribe(topicPrefix: string): void {
    this.#live()?.subscribing.unsubscribe(topicPrefix)
  }

  register(registration: Registration): void {
    const { processPort, zeromqPort } = this.#ports
    this.#live()?.registry.set({
      ...registration,
      processPort: registration.processPort ?? processPort,
      zeromqPort: registration.zeromqPort ?? zeromqPort,
    })
  }

  renew(step: RenewStep, incarnation: string): void {
    const live = this.#live()
    if (!live) return
    const { endpoints, processes, registry, subscribing } = live
    const node = registry.roster.get(incarnation)?.node ?? incarnation
    const own = processes.endpointOf(incarnation) ?? endpoints.outbound
    const hop = { own, link: `link ${node}`, publisher: `publisher ${incarnation}` }[step]
    if (!this.#renewals.take(hop, this.#options.clock.now())) return
    if (step === 'own') subscribing.renew(own, 'a subscription seems lost')
    else registry.askToRenew(step, incarnation)
  }

  isDirect(incarnation: string): boolean {
    return this.#parts?.processes.has(incarnation) ?? false
  }

  connections(): ConnectionCounts {
    if (!this.#parts) return { processes: 0, outbound: 0, inbound: 0, export: 0 }
    const { endpoints, processes, publishing, subscribing } = this.#parts
    return {
      processes: processes.count(),
      outbound: Number(subscribing.isConnected(endpoints.outbound)),
      inbound: Number(publishing.isConnected(endpoints.inbound)),
      export: Number(publishing.isConnected(endpoints.export)),
    }
  }

  close(lingerMs: number): Promise<void> {
    return (this.#closing ??= this.#close(lingerMs))
  }

  /** null once it is closed: what is said after that is said to nobody. */
  #live(): Parts | null {
    if (this.#closing) return null
    if (!this.#parts) throw new TidingsError('USAGE', 'the transport is not open yet')
    return this.#parts
  }

  async #close(lingerMs: number): Promise<void> {
    this.#failure ??= new TidingsError('CLOSED', 'the transport was closed')
    this.#condition.changed()
    if (this.#parts) {
      const { processes, publishing, registry, subscribing } = this.#parts
      processes.close()
      await Promise.all([
        publishing.close(lingerMs),
        subscribing.close(lingerMs),
        registry.close(lingerMs),
      ])
    }
    await this.#access?.close()
  }

  async #establish(registration: Registration, signal: AbortSignal): Promise<Registration> {
    const { allowed, bindAddress, clock, clusterTimeoutMs, nodeAddress, ports } = this.#options
    const deadline = clock.now() + clusterTimeoutMs
    const address = await numericAddress(nodeAddress)
    if (this.#isMeshProcess()) {
      this.#access = await AccessList.open(() => this.#refusals.count('access denied'))
      this.#access.load(allowed)
    }
    if (this.#failure) {
      await this.#access?.close()
      throw this.#failure
    }
    const processAddress = bindAddress === '0.0.0.0' ? address : bindAddress
    const parts = this.#setUp(registration, Endpoints.at(address, ports), processAddress)
    const reach = (hop: ClusterHop, holds: () => boolean) =>
      this.#reach(hop, holds, deadline - clock.now(), signal)

    await reach('registry', () => this.#answer !== null)
    this.#ports = await this.#takePorts(registration, parts.publishing)
    const complete = { ...registration, ...this.#ports }
    this.register(complete)
    this.#connect(parts)
    await reach('outbound', () => parts.subscribing.isConnected(parts.endpoints.outbound))
    const up = this.#publishesTo()
    if (up) await reach(up, () => parts.publishing.isConnected(parts.endpoints[up]))
    await reach('registry', () => this.#acknowledged?.zeromqPort === complete.zeromqPort)
    if (up === 'inbound') {
      const send = (frame: Buffer) => parts.subscribing.request(frame)
      await this.#probe.hear(send, this.#condition, () => clock.now(), signal)
    }
    return complete
  }

  #isMeshProcess(): boolean {
    return this.#options.mode === 'mesh' && this.#options.role === 'process'
  }

  /** The hop that our XPUB connects to; none for a mesh process of a node without links. */
  #publishesTo(): 'inbound' | 'export' | null {
    if (!this.#isMeshProcess()) return 'inbound'
    return this.#answer?.linked ? 'export' : null
  }

  async #reach(
    hop: ClusterHop,
    holds: () => boolean,
    ms: number,
    signal: AbortSignal,
  ): Promise<void> {
    const look = () => {
      if (this.#failure) throw this.#failure
      return holds()
    }
    if (await this.#condition.until(look, Math.max(0, ms), signal)) return
    const { clusterTimeoutMs, nodeAddress, ports } = this.#options
    throw unreachable(nodeAddress, ports[hop], hop, clusterTimeoutMs)
  }

  async #takePorts(registration: Registration, publishing: PublishingSocket): Promise<Ports> {
    const processPort = registration.processPort ?? this.#answer?.processPort ?? null
    if (this.#options.role !== 'process' || processPort === null) return this.#ports
    const zeromqPort = zeromqPortOf(processPort)
    if (this.#isMeshProcess()) {
      const purpose = `ZeroMQ port of ${registration.process}: process port ${processPort} + ${zeromqPortOffset}`
      await publishing.bind(this.#options.bindAddress, zeromqPort, purpose)
    }
    return { processPort, zeromqPort }
  }

  #connect({ endpoints, publishing, subscribing }: Parts): void {
    subscribing.connect(endpoints.outbound)
    const up = this.#publishesTo()
    if (up) publishing.connect(endpoints[up])
  }

  #setUp(registration: Registration, endpoints: Endpoints, processAddress: string): Parts {
    const { clock, mode, random, wantsPort } = this.#options
    const asks = wantsPort && registration.processPort === null
    const hops = {
      disconnected: (endpoint: string) => this.#events.disconnected(endpoint),
      renewed: (endpoint: string, why: string) => this.#events.renewed(endpoint, why),
      failed: (error: unknown) => this.#fail(TidingsError.from(error)),
    }
    const subscribing = new SubscribingSocket(clock, this.#refusals, {
      ...hops,
      frames: (frames) => this.#handlers?.frames(frames),
      connected: (endpoint, again) => this.#connected(endpoint, again),
    })
    const processes = new ProcessConnections(subscribing, registration, processAddress, clock)
    const publishing = new PublishingSocket(this.#access?.domain ?? null, clock, this.#refusals, {
      ...hops,
      request: (frame) => this.#handlers?.request(frame),
      probe: (frame) => {
        this.#probe.take(frame)
        this.#condition.changed()
      },
      connected: (endpoint) => this.#connected(endpoint, false),
    })
    const registry = new RegistrationClient(
      endpoints.registry,
      registration,
      asks,
      clock,
      random,
      this.#registryHandlers(mode === 'mesh' ? processes : null),
    )
    this.#parts = { endpoints, subscribing, publishing, processes, registry }
    return this.#parts
  }

  #registryHandlers(processes: ProcessConnections | null): RegistrationClientHandlers {
    return {
      answered: (answer) => this.#answered(answer),
      acknowledged: (registration) => {
        this.#acknowledged = registration
        this.#condition.changed()
        this.#handlers?.registered(registration)
      },
      refused: (error) => this.#fail(error),
      roster: (change) => {
        processes?.take(change.entries)
        this.#handlers?.roster(change)
      },
      renew: () => {
        if (!this.#renewals.take('publishing', this.#options.clock.now())) return
        this.#parts?.publishing.renew('a subscriber elsewhere hears nothing')
      },
      lost: () => this.#events.tell({ type: 'cluster-lost' }),
      found: () => this.#events.tell({ type: 'cluster-found' }),
      tick: () => {
        for (const event of this.#refusals.take()) this.#events.tell(event)
      },
      connections: () => this.connections(),
      failed: (error) => this.#fail(error),
    }
  }

  #answered(answer: RegisteredMessage): void {
    this.#answer = answer
    this.#condition.changed()
    if (this.#opened && this.#parts) this.#connect(this.#parts)
  }

  #connected(endpoint: string, again: boolean): void {
    this.#condition.changed()
    this.#events.connected(endpoint)
    if (again && !this.#closing) this.#handlers?.reconnected()
  }

  #nameOf(endpoint: string): string {
    return (
      this.#parts?.endpoints.hopOf(endpoint) ?? this.#parts?.processes.nameOf(endpoint) ?? endpoint
    )
  }

  #fail(error: TidingsError): void {
    if (this.#closing) return
    this.#failure ??= error
    this.#condition.changed()
    if (!this.#opened) return
    void this.close(0)
    this.#handlers?.failed(error)
  }
}
