import { noConnections } from '../../model/new-registration.ts'
import { zeromqPortOf, zeromqPortOffset } from '../../base/process-port.ts'
import { inBackground } from '../../base/background.ts'
import { RateLimit } from '../../base/rate-limit.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { Place } from '../../model/place.ts'
import type { ConnectionCounts, Registration } from '../../model/roster-entry.ts'
import type { Hop } from '../../model/hop.ts'
import type { Transport, TransportHandlers } from '../transport.ts'
import { AccessList } from '../../sockets/access-list.ts'
import { Keys } from '../../sockets/keys/keys.ts'
import { type Refusal, refusalText } from '../../sockets/keys/refusal.ts'
import { Condition } from '../condition.ts'
import { ZeroMQDataPlane } from './data-plane.ts'
import type { ClusterHop } from './connections/endpoints.ts'
import { Endpoints, numericAddress } from './connections/endpoints.ts'
import { HopEvents } from '../hop-events.ts'
import { Probe } from './connections/probe.ts'
import { Refusals } from '../refusals.ts'
import { ClusterReach } from './connections/cluster-reach.ts'
import { ZeroMQRosterPlane } from './roster-plane.ts'
import type { RosterPlaneHandlers } from './roster-plane.ts'
import type { RegisteredMessage } from '../../registration/registration-message.ts'
import { placeOf, portsOf } from '../../registration/zeromq-place.ts'
import { fewestFreeForQueue, requireFileDescriptors } from '../../sockets/file-descriptors.ts'
import { requireLibzmq } from '../../sockets/socket-options.ts'
import type { ZeroMQTransportOptions } from './transport-options.ts'

/** One renewal of a hop within this many milliseconds: a second one would only cut the first short. */
const renewalIntervalMs = 2_000

/** Least time between two events about a port that does not let us in, milliseconds: it is tried many times a second. */
const shutOutIntervalMs = 60_000

/** How long closing after a failed `open()` may take to tell GENESIS_CLUSTER of it. */
const farewellMs = 500

/** What `open()` sets up first; both stay until `close()`. */
interface Planes {
  readonly data: ZeroMQDataPlane
  readonly roster: ZeroMQRosterPlane
}

const noPortLeft =
  'none of the process ports that GENESIS_CLUSTER hands out is free: TidingsProcessPorts of the definition gives it others'

/** One process's place in the topology: mesh or proxy inside the node, GENESIS_CLUSTER beyond it. */
export class ZeroMQTransport implements Transport {
  readonly #options: ZeroMQTransportOptions
  readonly #condition: Condition
  readonly #refusals = new Refusals()
  readonly #renewals = new RateLimit(renewalIntervalMs)
  readonly #shutOuts = new RateLimit(shutOutIntervalMs)
  readonly #keys: Keys | null
  readonly #reach: ClusterReach
  readonly #events: HopEvents
  #handlers: TransportHandlers | null = null
  #planes: Planes | null = null
  #access: AccessList | null = null
  #answer: RegisteredMessage | null = null
  /** As asked for at first, then as taken. */
  #place: Place | null
  /** As it was given last, with its place. */
  #registration: Registration | null = null
  /** Whether what we publish gets beyond the processes that are connected to us. */
  #up: 'none' | 'coming' | 'up' = 'none'
  readonly #ending = new AbortController()
  /** The last registration that GENESIS_CLUSTER has acknowledged. */
  #acknowledged: Registration | null = null
  readonly #probe = new Probe()
  /** Why GENESIS_CLUSTER lets us wait, as it said last: another bears our name. */
  #waiting: string | null = null
  /** Why `open()` must end. */
  #failure: TidingsError | null = null
  #opened = false
  #closing: Promise<void> | null = null

  constructor(options: ZeroMQTransportOptions) {
    this.#options = options
    this.#place = placeOf({ processPort: options.processPort ?? null, zeromqPort: null })
    this.#keys = Keys.of(options.keys)
    this.#condition = new Condition(options.clock)
    this.#reach = new ClusterReach(options, this.#condition, {
      heardAt: () => this.#planes?.roster.heardAt ?? -Infinity,
      isTaken: (hop) => this.#planes?.data.isTaken(hop) ?? false,
      refusal: (hop) => this.#refusalAt(hop),
      waiting: () => this.#waiting,
      failure: () => this.#failure,
    })
    this.#events = new HopEvents(
      (endpoint) => this.#planes?.data.nameOf(endpoint) ?? endpoint,
      (event) => {
        if (!this.#closing) this.#handlers?.event(event)
      },
    )
  }

  get port(): number | null {
    return portsOf(this.#place).processPort
  }

  async open(
    given: Registration,
    handlers: TransportHandlers,
    signal: AbortSignal,
  ): Promise<Registration> {
    if (this.#handlers) throw new TidingsError('USAGE', 'a transport is opened once')
    this.#handlers = handlers
    const registration = { ...given, place: this.#place }
    try {
      requireLibzmq()
      requireFileDescriptors(fewestFreeForQueue)
      const carried = await this.#establish(registration, signal)
      this.#opened = true
      return carried
    } catch (error) {
      // Whoever was refused never was on the roster; whoever was must not block the name.
      if (this.#answer) this.#planes?.roster.register({ ...registration, state: 'ended', last: [] })
      await this.close(farewellMs)
      throw TidingsError.from(error)
    }
  }

  send(topic: string, message: Uint8Array): void {
    const live = this.#live()
    if (!live) return
    if (this.#up === 'none') this.#bringUp(live)
    live.data.send(topic, message)
  }

  request(frame: Uint8Array): void {
    this.#live()?.data.request(frame)
  }

  subscribe(topicPrefix: string): void {
    this.#live()?.data.subscribe(topicPrefix)
  }

  unsubscribe(topicPrefix: string): void {
    this.#live()?.data.unsubscribe(topicPrefix)
  }

  register(registration: Registration): void {
    const live = this.#live()
    if (!live) return
    this.#registration = { ...registration, place: this.#place }
    if (this.#opened && this.#up === 'none' && registration.publishes.length > 0)
      this.#bringUp(live)
    live.roster.register(this.#carried(this.#registration))
  }

  hops(incarnation: string): readonly Hop[] {
    return this.#planes?.data.hops(incarnation) ?? []
  }

  renew({ name }: Hop, incarnation: string): void {
    const live = this.#live()
    if (!live) return
    const { data, roster } = live
    const node = roster.known.get(incarnation)?.node ?? incarnation
    const own = data.processes.endpointOf(incarnation) ?? data.endpoints.outbound
    const made = name === 'own' ? own : `${name} ${name === 'link' ? node : incarnation}`
    if (!this.#renewals.admits(made, this.#options.clock.now())) return
    if (name === 'own') data.subscribing.renew(own, 'a subscription seems lost')
    else roster.askToRenew(name === 'link' ? 'link' : 'publisher', incarnation)
  }

  connections(): ConnectionCounts {
    return this.#planes?.data.connections() ?? noConnections
  }

  close(lingerMs: number): Promise<void> {
    return (this.#closing ??= this.#close(lingerMs))
  }

  /** null once it is closed: what is said after that is said to nobody. */
  #live(): Planes | null {
    if (this.#closing) return null
    if (!this.#planes) throw new TidingsError('USAGE', 'the transport is not open yet')
    return this.#planes
  }

  async #close(lingerMs: number): Promise<void> {
    this.#failure ??= new TidingsError('CLOSED', 'the transport was closed')
    this.#ending.abort()
    this.#condition.changed()
    if (this.#planes) {
      const { data, roster } = this.#planes
      await Promise.all([data.close(lingerMs), roster.close(lingerMs)])
    }
    await this.#access?.close()
  }

  async #establish(registration: Registration, signal: AbortSignal): Promise<Registration> {
    const { allowed, bindAddress, clock, clusterTimeoutMs, nodeAddress, ports } = this.#options
    const deadline = clock.now() + clusterTimeoutMs - (this.#options.spentMs ?? 0)
    const leftMs = Math.max(0, Math.ceil(deadline - clock.now()))
    const address = await numericAddress(nodeAddress, leftMs, signal)
    if (this.#isMeshProcess()) {
      this.#access = await AccessList.open(() => this.#refusals.count('access denied'), this.#keys)
      this.#access.load(allowed)
    }
    if (this.#failure) {
      await this.#access?.close()
      throw this.#failure
    }
    const processAddress = ['0.0.0.0', '::'].includes(bindAddress) ? address : bindAddress
    const { data } = this.#setUp(registration, Endpoints.at(address, ports), processAddress)
    const reach = (hop: ClusterHop, holds: () => boolean) =>
      this.#reach.until(hop, holds, deadline, signal)

    await reach('registry', () => this.#answer !== null)
    this.#place = await this.#takePlace(registration, data)
    const complete = { ...registration, place: this.#place }
    const publishes = this.#options.role === 'script' || registration.publishes.length > 0
    const up = publishes ? this.#publishesTo() : null
    if (publishes) this.#up = 'up'
    this.register(complete)
    data.connect(up)
    await reach('outbound', () => data.subscribing.isConnected(data.endpoints.outbound))
    if (up) await reach(up, () => data.publishing.isConnected(data.endpoints[up]))
    await reach('registry', () => this.#acknowledged?.place === complete.place)
    if (up === 'inbound') await this.#hearProbe(data, signal)
    return complete
  }

  /** Until what it publishes is carried, nobody hears that it publishes: then nothing is sent either. */
  #carried(registration: Registration): Registration {
    const isCarried = this.#up === 'up' || registration.state !== 'alive'
    return isCarried ? registration : { ...registration, publishes: [] }
  }

  /**
   * A process that publishes nothing is not connected there: it would be told all subscriptions of the cluster, and every
   * request to a publisher. Where one begins to publish, what it publishes waits until it is.
   */
  #bringUp({ data, roster }: Planes): void {
    this.#up = 'coming'
    const come = async (): Promise<void> => {
      const up = this.#publishesTo()
      data.connect(up)
      const isConnected = () => up !== null && data.publishing.isConnected(data.endpoints[up])
      if (up) await this.#reach.late(up, isConnected, this.#ending.signal)
      if (up === 'inbound') await this.#hearProbe(data, this.#ending.signal)
      this.#up = 'up'
      if (this.#registration && !this.#closing) roster.register(this.#registration)
    }
    inBackground(come(), (error) => this.#fail(error))
  }

  async #hearProbe(data: ZeroMQDataPlane, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const send = (frame: Buffer) => data.subscribing.request(frame)
    await this.#probe.hear(send, this.#condition, () => clock.now(), signal)
  }

  #isMeshProcess(): boolean {
    return this.#options.mode === 'mesh' && this.#options.role === 'process'
  }

  /** The hop that our XPUB connects to; none for a mesh process of a node without links. */
  #publishesTo(): 'inbound' | 'export' | null {
    if (!this.#isMeshProcess()) return 'inbound'
    return this.#answer?.linked ? 'export' : null
  }

  async #takePlace(registration: Registration, data: ZeroMQDataPlane): Promise<Place | null> {
    if (this.#options.role !== 'process') return this.#place
    const processPort = this.port ?? this.#answer?.processPort ?? null
    if (processPort === null)
      throw this.#options.wantsPort
        ? new TidingsError('PORT_TAKEN', noPortLeft)
        : new TidingsError('TRANSPORT_FAILED', 'this process has no port, and asks for none')
    const zeromqPort = zeromqPortOf(processPort)
    if (this.#isMeshProcess()) {
      const purpose = `ZeroMQ port of ${registration.process}: process port ${processPort} + ${zeromqPortOffset}`
      const remedy =
        ': give openUpdateQueue() another port, or an instance, and GENESIS_CLUSTER hands one out'
      await data.publishing.bind(this.#options.bindAddress, zeromqPort, purpose, remedy)
    }
    return placeOf({ processPort, zeromqPort })
  }

  #setUp(registration: Registration, endpoints: Endpoints, processAddress: string): Planes {
    const { clock, cluster, mode, random, wantsPort } = this.#options
    const keys = this.#keys
    const zapDomain = this.#access?.domain ?? null
    const refusals = this.#refusals
    const data = new ZeroMQDataPlane(
      { endpoints, own: registration, processAddress, zapDomain, keys, clock, refusals },
      {
        message: (message) => this.#handlers?.message(message),
        room: () => this.#handlers?.room?.() ?? null,
        request: (frame) => this.#handlers?.request(frame),
        probe: (frame) => {
          this.#probe.take(frame)
          this.#condition.changed()
        },
        connected: (endpoint, again) => this.#connected(endpoint, again),
        disconnected: (endpoint) => this.#events.disconnected(endpoint),
        sharedHop: (stands) => this.#handlers?.sharedHop(stands),
        renewed: (endpoint, why) => this.#events.renewed(endpoint, why),
        refused: (endpoint, refusal) => this.#shutOut(endpoint, refusal),
        failed: (error) => this.#fail(TidingsError.from(error)),
      },
    )
    const asks = wantsPort && this.port === null
    const meets = mode === 'mesh' && (this.#options.subscribes ?? true)
    const roster = new ZeroMQRosterPlane(
      { endpoint: endpoints.registry, keys, registration, wantsPort: asks, cluster, clock, random },
      this.#rosterHandlers(meets ? data : null),
    )
    this.#planes = { data, roster }
    return this.#planes
  }

  #rosterHandlers(mesh: ZeroMQDataPlane | null): RosterPlaneHandlers {
    return {
      answered: (answer) => this.#answered(answer),
      acknowledged: (registration) => {
        this.#acknowledged = registration
        this.#condition.changed()
        this.#handlers?.registered(registration)
      },
      refused: (error) => this.#fail(error),
      waiting: (why) => {
        this.#waiting = why
        this.#condition.changed()
      },
      roster: (change) => {
        mesh?.processes.take(change)
        this.#handlers?.roster(change)
      },
      renew: () => {
        if (!this.#renewals.admits('publishing', this.#options.clock.now())) return
        this.#planes?.data.publishing.renew('a subscriber elsewhere hears nothing')
      },
      lost: () => this.#events.tell({ type: 'cluster-lost' }),
      found: () => this.#events.tell({ type: 'cluster-found' }),
      tick: () => {
        for (const event of this.#refusals.take()) this.#events.tell(event)
        this.#refreshKeys()
      },
      shutOut: (endpoint, refusal) => this.#shutOut(endpoint, refusal),
      connections: () => this.connections(),
      failed: (error) => this.#fail(error),
    }
  }

  #answered(answer: RegisteredMessage): void {
    this.#answer = answer
    this.#waiting = null
    this.#condition.changed()
    if (this.#opened && this.#up !== 'none') this.#planes?.data.connect(this.#publishesTo())
  }

  #refusalAt(hop: ClusterHop): Refusal | null {
    if (hop === 'registry') return this.#planes?.roster.refusal ?? null
    return this.#planes?.data.refusalOf(hop) ?? null
  }

  #shutOut(endpoint: string, refusal: Refusal): void {
    if (!this.#shutOuts.admits(`${endpoint} ${refusal}`, this.#options.clock.now())) return
    this.#events.shutOut(endpoint, refusalText(refusal, endpoint))
  }

  #refreshKeys(): void {
    if (this.#keys === null) return
    const told = this.#keys
      .refresh()
      .then((news) => news && this.#events.tell({ type: 'keys', ...news }))
    inBackground(told, () => {})
  }

  #connected(endpoint: string, again: boolean): void {
    this.#condition.changed()
    this.#events.connected(endpoint)
    if (again && !this.#closing) this.#handlers?.reconnected()
  }

  #fail(error: TidingsError): void {
    if (this.#closing) return
    this.#failure ??= error
    this.#condition.changed()
    if (!this.#opened) return
    inBackground(this.close(0), () => {})
    this.#handlers?.failed(error)
  }
}
