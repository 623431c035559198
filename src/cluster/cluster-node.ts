import { inBackground } from '../base/background.ts'
import { productVersion } from '../base/product-version.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { NodePorts } from '../definition/settings.ts'
import type { ClusterSnapshot, NodeState } from '../model/cluster-snapshot.ts'
import type { Registration } from '../model/roster-entry.ts'
import { wireVersion } from '../model/wire-version.ts'
import type {
  ProcessMessage,
  RenewRequest,
  RegisterMessage,
} from '../registration/registration-message.ts'
import { registrationIntervalMs } from '../registration/registration-message.ts'
import { partsOf } from '../registration/snapshot-parts.ts'
import { portsOf } from '../registration/zeromq-place.ts'
import type { BoundCluster } from './bound-cluster.ts'
import { ClusterView } from './roster/cluster-view.ts'
import { setupOf } from './node-setup-of.ts'
import { Ticker } from './membership/ticker.ts'
import { NodeLinks } from './links/node-links.ts'
import { resolveIntervalMs } from './access/node-directory.ts'
import { NodeReach } from './access/node-reach.ts'
import { addressOf, tcpEndpoint } from '../base/host-port.ts'
import { listeningPorts, remembered } from '../sockets/listening-ports.ts'
import { shownName } from '../registration/process-snapshot.ts'
import { memberTickMs } from './membership/membership.ts'
import type { Peer } from './membership/peers.ts'
import { clusterNamed, whisperVersion } from './membership/peers.ts'
import type { Whisper } from './membership/whisper.ts'
import { ownRegistration } from './bus/own-port.ts'
import { RateLimit } from '../base/rate-limit.ts'
import { ClusterRoster } from './roster/cluster-roster.ts'

/** How long closing may take, milliseconds; what is still open then is left to the end of the process. */
const closeWithinMs = 2_000

/** How often it is looked who has ended, milliseconds. */
const livenessIntervalMs = 100

/** How often it is looked whether the key file has changed, milliseconds. */
const keyIntervalMs = 1_000

/** Least time between two warnings of one kind, milliseconds: what is asked may be asked again at once. */
const warnIntervalMs = 60_000

/** Least time between two renewals asked of one publisher, milliseconds: all its subscribers may ask. */
const publisherRenewIntervalMs = 2_000

/** The running GENESIS_CLUSTER of one node. */
export interface ClusterProcess {
  readonly node: string
  /** Where processes of this host connect. */
  readonly local: string
  readonly ports: NodePorts & { readonly processPort: number; readonly zeromqPort: number }
  /** Resolves when it is closed: with the error that ended it, or with nothing. */
  readonly closed: Promise<TidingsError | undefined>
  snapshot(): ClusterSnapshot
  /** Idempotent; resolves within `closeWithinMs`. */
  close(): Promise<void>
}

/** The parts of a running GENESIS_CLUSTER and what they tell each other. */
export class ClusterNode implements ClusterProcess {
  readonly node: string
  readonly local: string
  readonly ports: ClusterProcess['ports']
  readonly closed: Promise<TidingsError | undefined>
  readonly #bound: BoundCluster
  readonly #closeParts: () => Promise<void>
  readonly #plane: ClusterRoster
  readonly #view: ClusterView
  readonly #tickers: Ticker[] = []
  readonly #renewals = new RateLimit(publisherRenewIntervalMs)
  readonly #warnings = new RateLimit(warnIntervalMs)
  readonly #own: Registration
  /** Who waits for a snapshot, each once. */
  readonly #asking = new Set<string>()
  readonly #reach: NodeReach
  readonly #links: NodeLinks
  #closing: Promise<void> | null = null
  #resolveClosed: (error: TidingsError | undefined) => void

  constructor(bound: BoundCluster, closeParts: () => Promise<void>) {
    const { settings, membership, addresses, clock } = bound
    const { name, ports } = settings.node
    const { promise, resolve } = Promise.withResolvers<TidingsError | undefined>()
    this.closed = promise
    this.#resolveClosed = resolve
    this.#bound = bound
    this.#closeParts = closeParts
    this.#links = new NodeLinks({
      mode: settings.mode,
      link: settings.link,
      dataPath: bound.dataPath,
      addressOf: (node) => this.#reach.addressOf(node),
      rosterState: (node, state) => this.#plane.nodeState(node, state),
      warn: (message) => this.#warn(message),
    })
    this.node = name
    this.local = addresses.local
    this.#own = ownRegistration(name, settings.mode, bound.ownPort.processPort)
    this.ports = { ...ports, ...ownPorts(this.#own) }
    this.#plane = this.#newPlane()
    this.#reach = new NodeReach({
      bound,
      links: this.#links,
      known: this.#plane.nodes.names,
      forgotten: (node) => this.#forget(node),
      missing: (address) => this.#plane.nodes.missing(address),
      found: (address) => this.#plane.nodes.found(address),
      failed: (error) => this.#trouble(error),
    })
    const { directory } = this.#reach
    this.#view = new ClusterView({
      settings,
      clock,
      others: () => [...directory.others.keys(), ...directory.unnamed],
      address: (node) => (node === name ? directory.advertised : addressIn(directory, node)),
      state: (node) => {
        if (node === name) return 'alive'
        return membership.peer(node) === undefined ? 'unreachable' : membership.state(node)
      },
      peer: (node) => membership.peer(node),
      refusal: (node) => membership.refusalOf(node),
      setup: () => setupOf(bound),
      processes: (node) => this.#plane.processes(node),
      links: () => bound.dataPath.linkStates(),
      whisper: (node, whisper) => membership.whisper(node, whisper),
    })
  }

  /** From now on it hears and speaks. */
  begin(): void {
    const { settings, membership, registration, clock, on } = this.#bound
    const { inbound, outbound, relay } = settings.node.ports
    const { history } = this.#plane.roster
    const { mode, link } = settings
    const { directory } = this.#reach
    membership.listen({
      node: this.node,
      inbound,
      outbound,
      relay,
      wire: whisperVersion,
      mode,
      history,
      cluster: settings.clusterName,
      link,
    })
    this.#registerSelf('alive')
    inBackground(registration.listen(), (error) => this.fail(error))
    this.#reach.follow()
    const beat = (intervalMs: number, run: (late: number) => void) =>
      new Ticker(clock, intervalMs, (late) => this.#guarded(() => run(late)))
    this.#tickers.push(
      beat(livenessIntervalMs, (late) => this.#plane.tick(late)),
      beat(memberTickMs, (late) => membership.tick(clock.now(), late)),
      beat(registrationIntervalMs, () => this.#sayAgain()),
      beat(resolveIntervalMs, () => directory.tick()),
      beat(keyIntervalMs, () => this.#refreshKeys()),
    )
    directory.begin()
    on({ type: 'ready', message: `GENESIS_CLUSTER of node ${this.node} takes processes` })
  }

  /** The other nodes, and how they are reached. */
  get reach(): NodeReach {
    return this.#reach
  }

  snapshot(): ClusterSnapshot {
    return this.#view.snapshot()
  }

  close(): Promise<void> {
    return this.#end(undefined)
  }

  #refreshKeys(): void {
    const { keys, on } = this.#bound
    if (keys === null) return
    const told = keys.refresh().then((news) => news && on({ type: 'keys', ...news }))
    inBackground(told, (error) => this.#trouble(error))
  }

  /** It cannot go on. */
  fail(error: TidingsError): void {
    inBackground(this.#end(error), (failure) => this.#trouble(failure))
  }

  #register(route: string, message: RegisterMessage): void {
    const why = this.#whyNot(message)
    if (why === null) return this.#plane.register(route, message)
    const { registration, wire = wireVersion } = message
    if (wire !== wireVersion) this.#foreign(registration, wire)
    this.#bound.registration.send(route, { type: 'refused', code: 'MODE_MISMATCH', message: why })
    this.#plane.news.say(registration, 'refused', `pid ${registration.pid}: ${why}`)
  }

  #foreign(registration: Registration, wire: number): void {
    const { uninvited, settings } = this.#bound
    const who = `${shownName(registration)} (pid ${registration.pid}), version ${wire}`
    uninvited.foreign(who, tcpEndpoint(this.local, settings.node.ports.registry))
  }

  /** Of another version it would hear nothing; of another cluster, what is not meant for it. */
  #whyNot({ wire = wireVersion, cluster: theirs }: RegisterMessage): string | null {
    if (wire !== wireVersion)
      return `this process speaks version ${wire} of the wire, GENESIS_CLUSTER version ${wireVersion}: use one version of tidings on all nodes`
    const ours = this.#bound.settings.clusterName
    if (theirs === undefined || theirs === null || theirs === ours) return null
    return (
      `this process is of ${clusterNamed(theirs)}, GENESIS_CLUSTER at its ports of ${clusterNamed(ours)}: ` +
      'give both the same definition, or one of the two clusters other ports'
    )
  }

  fromProcess(route: string, message: ProcessMessage): void {
    this.#guarded(() => {
      if (message.type === 'register') this.#register(route, message)
      else if (message.type === 'here') this.#plane.here(route, message)
      else if (message.type === 'renew') this.#renew(message)
      else this.#show(route)
    })
  }

  /** A message could be sent on this connection. */
  connectionIsOpen(route: string): void {
    this.#guarded(() => this.#plane.connectionIsOpen(route))
  }

  /** A message could not be sent on this connection: it has ended. */
  connectionGone(route: string): void {
    this.#guarded(() => this.#plane.connectionGone(route))
  }

  /** Some connection to the registration port has ended. */
  connectionEnded(): void {
    this.#guarded(() => this.#plane.connectionEnded())
  }

  memberState(node: string, state: NodeState): void {
    this.#guarded(() => this.#memberState(node, state))
  }

  greeted(peer: Peer, begins: boolean): void {
    this.#guarded(() => this.#greeted(peer, begins))
  }

  whispered(node: string, whisper: Whisper): void {
    this.#guarded(() => this.#whispered(node, whisper))
  }

  #memberState(node: string, state: NodeState): void {
    this.#bound.on({ type: 'member', node, state, message: `node ${node} is ${state}` })
    this.#links.memberState(node, state, this.#bound.membership.peer(node))
  }

  #greeted(peer: Peer, begins: boolean): void {
    this.#plane.nodes.join(peer.node, this.#bound.clock.now())
    this.#reach.directory.greeted(peer.node, addressOf(peer.endpoint))
    if (begins) this.#plane.nodeBegan(peer.node)
    this.#links.greeted(peer, begins)
  }

  #forget(node: string): void {
    this.#plane.nodes.forget(node, this.#bound.clock.now())
    this.#bound.membership.forget(node)
    const message = `node ${node} has been gone for a minute, and its address is not in the answer any more: it is forgotten`
    this.#bound.on({ type: 'member', node, state: 'gone', message })
  }

  #whispered(node: string, whisper: Whisper): void {
    switch (whisper.type) {
      case 'seen':
      case 'roster':
        return this.#plane.whispered(node, whisper)
      case 'renew':
        return this.#renewPublisher(whisper.incarnation)
      case 'ask-snapshot':
        return this.#tellSnapshot(node)
      case 'snapshot':
        return this.#view.take(node, whisper)
    }
  }

  #newPlane(): ClusterRoster {
    const { settings, registration, membership, dataPath: _, ...bound } = this.#bound
    const others = settings.nodes.flatMap(({ name }) => (name === this.node ? [] : name))
    return new ClusterRoster({
      ...bound,
      node: this.node,
      mode: settings.mode,
      ports: bound.pool,
      listening: remembered(listeningPorts, this.#bound.clock),
      linkedNodes: others,
      comeAndGo: settings.hostsQuery !== null,
      toProcess: (route, message) => registration.send(route, message),
      toNode: (node, whisper) => membership.whisper(node, whisper),
    })
  }

  #end(cause: TidingsError | undefined): Promise<void> {
    this.#closing ??= this.#close(cause)
    return this.#closing
  }

  async #close(cause: TidingsError | undefined): Promise<void> {
    for (const ticker of this.#tickers) ticker.stop()
    this.#reach.directory.close()
    this.#registerSelf('ended')
    this.#plane.news.close()
    this.#plane.flush()
    const late = Promise.withResolvers<void>()
    const timer = this.#bound.clock.after(closeWithinMs, late.resolve)
    await Promise.race([this.#closeParts(), late.promise])
    timer.cancel()
    this.#resolveClosed(cause)
  }

  #registerSelf(state: 'alive' | 'ended'): void {
    const registration: Registration = { ...this.#own, state, last: state === 'ended' ? [] : null }
    const seen = { history: null, version: 0 }
    const message = { id: 0, seen, registration, wantsPort: false, version: productVersion }
    this.#plane.register(null, { type: 'register', ...message })
  }

  #sayAgain(): void {
    this.#registerSelf('alive')
    this.#plane.askNodes()
  }

  #renew({ step, incarnation }: RenewRequest): void {
    const node = this.#plane.roster.get(incarnation)?.node
    if (node === undefined) return
    if (step === 'link') this.#bound.dataPath.renewLink(node)
    else if (node === this.node) this.#renewPublisher(incarnation)
    else this.#bound.membership.whisper(node, { type: 'renew', incarnation })
  }

  #renewPublisher(incarnation: string): void {
    const route = this.#plane.registry.get(incarnation)?.route
    if (!route || !this.#renewals.admits(incarnation, this.#bound.clock.now())) return
    this.#bound.registration.send(route, { type: 'renew' })
  }

  /** To whoever asks, once for all that they ask while the other nodes are asked. */
  #show(route: string): void {
    this.#asking.add(route)
    if (this.#asking.size > 1) return
    const shown = this.#view.refresh().then(() => this.#showAll())
    inBackground(shown, (error) => this.#trouble(error))
  }

  #showAll(): void {
    const routes = [...this.#asking]
    this.#asking.clear()
    if (this.#closing) return
    const parts = partsOf(this.#view.snapshot())
    for (const route of routes)
      for (const part of parts) this.#bound.registration.send(route, { type: 'snapshot', ...part })
  }

  #tellSnapshot(node: string): void {
    for (const part of partsOf(this.#view.ownSnapshot()))
      this.#bound.membership.whisper(node, { type: 'snapshot', ...part })
  }

  /** What is asked of it may be refused and told; it never ends it. */
  #guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#trouble(TidingsError.from(error))
    }
  }

  #trouble({ message }: TidingsError): void {
    if (!this.#warnings.admits(message, this.#bound.clock.now())) return
    this.#warn(`something that was asked for could not be done: ${message}`)
  }

  #warn(message: string): void {
    this.#bound.on({ type: 'warning', message })
  }
}

/** A node that has not said its name is shown by its address. */
function addressIn({ others, unnamed }: NodeReach['directory'], node: string): string | null {
  return unnamed.includes(node) ? node : (others.get(node) ?? null)
}

function ownPorts({ place }: Registration) {
  const { processPort, zeromqPort } = portsOf(place)
  return { processPort: processPort ?? 0, zeromqPort: zeromqPort ?? 0 }
}
