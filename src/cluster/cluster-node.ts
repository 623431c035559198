import type { TidingsError } from '../base/tidings-error.ts'
import type { NodePorts } from '../definition/settings.ts'
import type { ClusterSnapshot, NodeState } from '../model/cluster-snapshot.ts'
import type { Registration } from '../model/roster.ts'
import type { ProcessMessage, RenewRequest } from '../transport/zeromq/registration-message.ts'
import { nodeAddresses } from './addresses.ts'
import type { NodeAddresses } from './addresses.ts'
import type { BoundCluster } from './bound-cluster.ts'
import { ClusterView } from './cluster-view.ts'
import { Heartbeat } from './heartbeat.ts'
import { listeningPorts, remembered } from './listening-ports.ts'
import { pingIntervalMs } from './membership/membership.ts'
import type { Peer } from './membership/peers.ts'
import { whisperVersion } from './membership/peers.ts'
import type { Whisper } from './membership/whisper.ts'
import { ownRegistration } from './own-port.ts'
import { systemLiveness } from './process-liveness.ts'
import { RateLimit } from './rate-limit.ts'
import { RosterPlane } from './roster-plane.ts'

/** How long closing may take, milliseconds; what is still open then is left to the end of the process. */
export const closeWithinMs = 2_000

/** How often pids are looked at, milliseconds: the death of a process is told within it. */
export const livenessIntervalMs = 250

/** How often the names of nodes that are not alive are resolved again, milliseconds. */
export const resolveIntervalMs = 5_000

/** Least time between two renewals asked of one publisher, milliseconds: all its subscribers may ask. */
export const publisherRenewIntervalMs = 2_000

/** The running GENESIS_CLUSTER of one node. */
export interface ClusterProcess {
  readonly node: string
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
  readonly ports: ClusterProcess['ports']
  readonly closed: Promise<TidingsError | undefined>
  readonly #bound: BoundCluster
  readonly #closeParts: () => Promise<void>
  readonly #plane: RosterPlane
  readonly #view: ClusterView
  readonly #heartbeats: Heartbeat[] = []
  readonly #renewals = new RateLimit(publisherRenewIntervalMs)
  readonly #own: Registration
  #addresses: NodeAddresses
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
    this.#addresses = addresses
    this.node = name
    this.#own = ownRegistration(name, settings.mode, bound.ownPort.processPort)
    this.ports = { ...ports, ...ownPorts(this.#own) }
    this.#plane = this.#newPlane()
    this.#view = new ClusterView({
      settings,
      clock,
      address: (node) => (node === name ? addresses.advertised : this.#addressOf(node)),
      state: (node) => (node === name ? 'alive' : membership.state(node)),
      processes: (node) => this.#plane.processes(node),
      whisper: (node, whisper) => membership.whisper(node, whisper),
    })
  }

  /** From now on it hears and speaks. */
  begin(): void {
    const { settings, membership, registration, clock, on } = this.#bound
    const { inbound, outbound, relay } = settings.node.ports
    const { history } = this.#plane.roster
    const { mode } = settings
    membership.listen({
      node: this.node,
      inbound,
      outbound,
      relay,
      wire: whisperVersion,
      mode,
      history,
    })
    this.#registerSelf('alive')
    void registration.listen()
    this.#reach()
    this.#heartbeats.push(
      new Heartbeat(clock, livenessIntervalMs, (late) => this.#plane.tick(late)),
      new Heartbeat(clock, pingIntervalMs, (late) => this.#ping(late)),
      new Heartbeat(clock, resolveIntervalMs, () => void this.#resolveAgain()),
    )
    this.#warnUnlinked()
    on({ type: 'ready', message: `GENESIS_CLUSTER of node ${this.node} takes processes` })
  }

  snapshot(): ClusterSnapshot {
    return this.#view.snapshot()
  }

  close(): Promise<void> {
    return this.#end(undefined)
  }

  /** It cannot go on. */
  fail(error: TidingsError): void {
    void this.#end(error)
  }

  fromProcess(route: string, message: ProcessMessage): void {
    if (message.type === 'register') this.#plane.register(route, message)
    else if (message.type === 'renew') this.#renew(message)
    else void this.#view.refresh().then(() => this.#showTo(route))
  }

  memberState(node: string, state: NodeState): void {
    this.#bound.on({ type: 'member', node, state, message: `node ${node} is ${state}` })
    this.#plane.nodeState(node, state)
    const peer = this.#bound.membership.peer(node)
    if (state === 'gone') this.#bound.dataPath.closeLink(node)
    else if (state === 'alive' && peer) this.#link(peer)
  }

  greeted(peer: Peer, begins: boolean): void {
    if (begins) this.#checkPeer(peer)
    if (begins) this.#plane.nodeBegan(peer.node)
    this.#link(peer)
  }

  whispered(node: string, whisper: Whisper): void {
    const { membership } = this.#bound
    switch (whisper.type) {
      case 'seen':
      case 'roster':
        return this.#plane.whispered(node, whisper)
      case 'renew':
        return this.#renewPublisher(whisper.incarnation)
      case 'ask-snapshot':
        return membership.whisper(node, { type: 'snapshot', snapshot: this.#view.ownSnapshot() })
      case 'snapshot':
        return this.#view.take(node, whisper.snapshot)
    }
  }

  #newPlane(): RosterPlane {
    const { settings, registration, membership, dataPath: _, ...bound } = this.#bound
    return new RosterPlane({
      ...bound,
      node: this.node,
      mode: settings.mode,
      ports: bound.pool,
      liveness: systemLiveness(),
      listening: remembered(listeningPorts, this.#bound.clock),
      linkedNodes: settings.link === 'relay' ? [...this.#addresses.others.keys()] : [],
      toProcess: (route, message) => registration.send(route, message),
      toNode: (node, whisper) => membership.whisper(node, whisper),
    })
  }

  #end(cause: TidingsError | undefined): Promise<void> {
    this.#closing ??= this.#close(cause)
    return this.#closing
  }

  async #close(cause: TidingsError | undefined): Promise<void> {
    for (const heartbeat of this.#heartbeats) heartbeat.stop()
    this.#registerSelf('ended')
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
    this.#plane.register(null, { type: 'register', id: 0, seen, registration, wantsPort: false })
  }

  #ping(late: number): void {
    this.#registerSelf('alive')
    this.#bound.membership.tick(this.#bound.clock.now(), late)
    this.#plane.askNodes()
  }

  #addressOf(node: string): string | null {
    return this.#addresses.others.get(node) ?? null
  }

  #reach(): void {
    for (const { name, ports } of this.#bound.settings.nodes) {
      const address = this.#addressOf(name)
      if (address !== null) this.#bound.membership.reach(name, `tcp://${address}:${ports.cluster}`)
    }
  }

  /** A host that was unknown, or has moved, is found again. */
  async #resolveAgain(): Promise<void> {
    const { settings, membership, access } = this.#bound
    const others = [...this.#addresses.others.keys()]
    if (others.every((node) => membership.state(node) === 'alive')) return
    this.#addresses = await nodeAddresses(settings)
    if (this.#closing) return
    access.load(this.#addresses.allowed)
    this.#reach()
  }

  #link({ node, uuid, headers }: Peer): void {
    const { settings, dataPath } = this.#bound
    const address = this.#addressOf(node)
    if (settings.link !== 'relay' || headers?.wire !== whisperVersion || address === null) return
    dataPath.openLink(node, { endpoint: `tcp://${address}:${headers.relay}`, life: uuid })
  }

  #checkPeer({ node, headers }: Peer): void {
    const { mode } = this.#bound.settings
    if (headers?.wire !== whisperVersion) {
      const speaks = headers ? `version ${headers.wire}` : 'no protocol of ours'
      this.#warn(
        `node ${node} speaks ${speaks}, this one version ${whisperVersion}: it is not linked`,
      )
    } else if (headers.mode !== mode) {
      this.#warn(`node ${node} runs in ${headers.mode} mode, this one in ${mode} mode`)
    }
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

  /** With the sequences of some thousand tables it is too long for a message: then without them. */
  #showTo(route: string): void {
    if (this.#closing) return
    const snapshot = this.#view.snapshot()
    try {
      this.#bound.registration.send(route, { type: 'snapshot', snapshot })
    } catch {
      this.#bound.registration.send(route, { type: 'snapshot', snapshot: withoutTables(snapshot) })
    }
  }

  #warnUnlinked(): void {
    const { nodes, link } = this.#bound.settings
    if (nodes.length === 1 || link === 'relay') return
    this.#warn(
      'the nodes of this definition are not linked: updates stay on their node until ZeroMQProxyUnicastRelayEnabled is true',
    )
  }

  #warn(message: string): void {
    this.#bound.on({ type: 'warning', message })
  }
}

const ownPorts = ({ processPort, zeromqPort }: Registration) => ({
  processPort: processPort ?? 0,
  zeromqPort: zeromqPort ?? 0,
})

function withoutTables(snapshot: ClusterSnapshot): ClusterSnapshot {
  const nodes = snapshot.nodes.map((node) => ({
    ...node,
    processes: node.processes.map((process) => ({ ...process, tables: [] })),
  }))
  return { ...snapshot, nodes }
}
