import { abortable, checkAborted } from '../base/abortable.ts'
import { inBackground } from '../base/background.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { linksOf } from './links/links-of.ts'
import { systemClock } from '../base/clock.ts'
import { randomId } from '../base/random.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { tcpEndpoint } from '../base/host-port.ts'
import { hasOthers } from '../definition/settings.ts'
import type { Settings } from '../definition/settings.ts'
import { AccessList } from '../sockets/access-list.ts'
import { Keys } from '../sockets/keys/keys.ts'
import { fewestFreeForCluster, requireFileDescriptors } from '../sockets/file-descriptors.ts'
import type { LookUp } from '../sockets/host-lookup.ts'
import { requireLibzmq } from '../sockets/socket-options.ts'
import type { NodeAddresses } from './access/addresses.ts'
import { hostNamesOf, knownAddresses } from './access/addresses.ts'
import type { ClusterEvent, OnClusterEvent } from './cluster-event.ts'
import type { BoundCluster } from './bound-cluster.ts'
import type { ClusterProcess } from './cluster-node.ts'
import { ClusterNode } from './cluster-node.ts'
import type { ForeignAt } from './bus/bus.ts'
import { DataPath } from './bus/data-path.ts'
import type { HostNames } from './access/host-names.ts'
import { listeningPorts } from '../sockets/listening-ports.ts'
import { Beacons } from './membership/beacon.ts'
import { Membership } from './membership/membership.ts'
import { OwnPort } from './bus/own-port.ts'
import { PortPool } from './bus/port-pool.ts'
import { RegistrationPort } from './roster/registration-port.ts'
import { RosterFile, stateDirectory } from './roster/roster-file.ts'
import { Uninvited } from './access/uninvited.ts'
import { checkThreadPool, threadPoolSize } from './bus/thread-pool.ts'

export type { ClusterProcess } from './cluster-node.ts'

/**
 * How long the start waits for the name service, milliseconds. Then it goes on with what it knows, and with the rest
 * when that is known.
 */
const firstLookUpMs = 1_000

export interface StartClusterOptions {
  on?(event: ClusterEvent): void
  /** Directory of the roster file; default `$TIDINGS_STATE`, else that of XDG. */
  readonly state?: string
  /** Where the intake of what foreign programs publish subscribes; without: they are not heard. */
  readonly foreignAt?: ForeignAt | undefined
  /** Closes it; during the start it ends the start with ABORTED. */
  readonly signal?: AbortSignal
  /** How names of hosts are resolved; default: as the system does. */
  readonly lookUp?: LookUp
}

/**
 * Starts GENESIS_CLUSTER of this node; resolves when processes may come. `UV_THREADPOOL_SIZE` must
 * have been in the environment when Node started: each proxy holds a thread.
 * @throws TidingsError PORT_TAKEN, THREAD_POOL_TOO_SMALL, FILE_LIMIT_TOO_LOW, LIBZMQ_TOO_OLD, ABORTED, TRANSPORT_FAILED;
 * nothing is left open then.
 */
export async function startCluster(
  settings: Settings,
  options: StartClusterOptions = {},
): Promise<ClusterProcess> {
  const { signal } = options
  checkAborted(signal)
  requireLibzmq()
  requireFileDescriptors(fewestFreeForCluster)
  const on: OnClusterEvent = (event) => options.on?.(event)
  const bindings = new Bindings(settings, systemClock, on, options)
  let node: ClusterNode
  try {
    node = await bindings.start()
  } catch (error) {
    await bindings.close()
    throw TidingsError.from(error)
  }
  // Whoever hears that it is ready may abort it, and is handed out nothing that closes.
  if (signal?.aborted) await node.close()
  checkAborted(signal)
  const warn = ({ message }: TidingsError) => on({ type: 'warning', message })
  signal?.addEventListener('abort', () => inBackground(node.close(), warn), { once: true })
  return node
}

/** Opens the parts in order, and knows what to close when one cannot be opened. */
class Bindings {
  readonly #settings: Settings
  readonly #clock: Clock
  readonly #on: OnClusterEvent
  readonly #options: StartClusterOptions
  readonly #keys: Keys | null
  readonly #uninvited: Uninvited
  readonly #opened: (() => Promise<void> | void)[] = []
  /** Who was denied before the node was there that knows more of it. */
  readonly #deniedEarly = new Set<string>()
  #node: ClusterNode | null = null

  constructor(
    settings: Settings,
    clock: Clock,
    on: OnClusterEvent,
    options: Pick<StartClusterOptions, 'state' | 'signal' | 'lookUp' | 'foreignAt'>,
  ) {
    this.#settings = settings
    this.#clock = clock
    this.#on = on
    this.#options = options
    this.#keys = Keys.of(settings.keys)
    this.#uninvited = new Uninvited(clock, this.#keys !== null, on)
  }

  async start(): Promise<ClusterNode> {
    const { state = stateDirectory(), signal } = this.#options
    const bound = await this.#bind(state)
    bound.dataPath.run()
    const { local } = bound.addresses
    const { inbound, outbound } = this.#settings.node.ports
    const ends = {
      inbound: tcpEndpoint(local, inbound),
      outbound: tcpEndpoint(local, outbound),
      relay: bound.dataPath.relayAt,
    }
    await checkThreadPool(ends, this.#clock, signal, threadPoolSize(), this.#keys)
    checkAborted(signal)
    this.#node = new ClusterNode(bound, () => this.close())
    this.#node.begin()
    for (const address of this.#deniedEarly) this.#denied(address, 'address')
    return this.#node
  }

  /** Last opened, first closed; each is tried whatever the others do. */
  async close(): Promise<void> {
    const closing = this.#opened.reverse().map(async (close) => close())
    this.#opened.length = 0
    await Promise.allSettled(closing)
  }

  /** The access list answers before any port is bound: who is denied once is never tried again. */
  async #bind(state: string): Promise<BoundCluster> {
    const [settings, clock, on] = [this.#settings, this.#clock, this.#on]
    const { name, ports } = settings.node
    const { signal } = this.#options
    const names = await this.#lookUpNames(signal)
    const addresses = knownAddresses(settings, names)
    const { bind } = addresses
    const access = await this.#openAccess(addresses)
    checkAborted(signal)
    const keys = this.#keys
    const shared = { bind, zapDomain: access.domain, keys, clock, ...this.#arrivals() }
    const failed = (error: TidingsError) => this.#node?.fail(error)
    const { foreignAt } = this.#options
    const uuid = randomId()
    const refused: Uninvited['shutOut'] = (...of) => this.#uninvited.shutOut(...of)
    const advertised = () => this.#advertised(addresses)
    const linking = { settings, advertised, uuid, ...shared, refused, on, failed }
    const dataPath = await DataPath.bind({
      ...shared,
      ...linksOf(linking),
      ports,
      foreignAt,
      on,
      failed,
    })
    this.#opened.push(() => dataPath.close())
    checkAborted(signal)
    const registration = await RegistrationPort.open({
      ...shared,
      port: ports.registry,
      message: (route, message) => this.#node?.fromProcess(route, message),
      isOpen: (route) => this.#node?.connectionIsOpen(route),
      gone: (route) => this.#node?.connectionGone(route),
      ended: () => this.#node?.connectionEnded(),
      failed,
    })
    this.#opened.push(() => registration.close())
    checkAborted(signal)
    const membership = await this.#openMembership(addresses, access.domain, uuid)
    checkAborted(signal)
    const pool = new PortPool(
      ports,
      [...settings.services, ...(settings.http ? [settings.http] : [])].map(({ port }) => port),
      settings.processPorts,
    )
    const own = { node: name, services: settings.services, ports: pool, listening: listeningPorts }
    const ownPort = await OwnPort.bind({ ...shared, ...own })
    this.#opened.push(() => ownPort.close())
    checkAborted(signal)
    const file = new RosterFile(state, name, ports.cluster)
    const uninvited = this.#uninvited
    const parts = {
      names,
      access,
      uninvited,
      keys,
      dataPath,
      registration,
      membership,
      ownPort,
      pool,
      file,
    }
    return { settings, addresses, clock, on, ...parts }
  }

  /** What is known after `firstLookUpMs` is enough to begin with. */
  async #lookUpNames(signal: AbortSignal | undefined): Promise<HostNames> {
    const names = hostNamesOf(this.#settings, this.#options.lookUp)
    this.#opened.push(() => names.close())
    let late: Timer | undefined
    try {
      await abortable<void>(signal, (resolve, reject) => {
        late = this.#clock.after(firstLookUpMs, resolve)
        inBackground(
          names.resolve().then(() => resolve()),
          reject,
        )
      })
    } finally {
      late?.cancel()
    }
    return names
  }

  async #openAccess({ allowed }: NodeAddresses): Promise<AccessList> {
    const access = await AccessList.open((address, why) => this.#denied(address, why), this.#keys)
    this.#opened.push(() => access.close())
    access.load(allowed)
    return access
  }

  /** As it is now; `atStart`: as it was when the ports were bound. */
  #advertised(atStart: NodeAddresses): string {
    return this.#node?.reach.directory.advertised ?? atStart.advertised
  }

  #denied(address: string, why: 'address' | 'key'): void {
    if (why === 'key')
      return this.#uninvited.denied(address, 'its key is not in the key file of this node')
    if (this.#node === null) this.#deniedEarly.add(address)
    else this.#node.reach.directory.denied(address)
  }

  /** What the ports tell of who comes to them. */
  #arrivals(): Pick<Uninvited, 'stranger' | 'misfit'> {
    return {
      stranger: (endpoint) => this.#uninvited.stranger(endpoint),
      misfit: (endpoint, misfit) => this.#uninvited.misfit(endpoint, misfit),
    }
  }

  async #openMembership(
    addresses: NodeAddresses,
    zapDomain: string,
    uuid: string,
  ): Promise<Membership> {
    const { name, ports } = this.#settings.node
    const membership = await Membership.open({
      bind: addresses.bind,
      port: ports.cluster,
      endpoint: () => tcpEndpoint(this.#advertised(addresses), ports.cluster),
      zapDomain,
      keys: this.#keys,
      uuid,
      node: name,
      cluster: this.#settings.clusterName,
      refusal: (node, address) => this.#node?.reach.directory.refusal(node, address) ?? null,
      clock: this.#clock,
      handlers: {
        state: (node, state) => this.#node?.memberState(node, state),
        peer: (peer, begins) => this.#node?.greeted(peer, begins),
        whisper: (node, whisper) => this.#node?.whispered(node, whisper),
        warning: (message) => this.#on({ type: 'warning', message }),
        failed: (error) => this.#node?.fail(error),
        refused: (node, endpoint, refusal) => this.#uninvited.shutOut(node, endpoint, refusal),
        ...this.#arrivals(),
      },
    })
    this.#opened.push(() => membership.close())
    await this.#openBeacons(addresses, uuid)
    return membership
  }

  /** Closed before membership: whoever hears that this node leaves looks whether its connection is gone. */
  async #openBeacons({ advertised }: NodeAddresses, uuid: string): Promise<void> {
    const { beaconPort, node } = this.#settings
    if (beaconPort === 0 || !hasOthers(this.#settings)) return
    const beacons = await Beacons.open({
      port: beaconPort,
      uuid,
      address: advertised,
      clusterPort: node.ports.cluster,
      clock: this.#clock,
      heard: (beacon, address) => this.#node?.reach.noticed(beacon, address),
      warning: (message) => this.#on({ type: 'warning', message }),
    })
    if (beacons) this.#opened.push(() => beacons.close())
  }
}
