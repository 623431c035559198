import { type Random, seededRandom } from '../../base/random.ts'
import type { NodeMode, Registration, RosterEntry } from '../../model/roster-entry.ts'
import type { Hop } from '../../model/hop.ts'
import { Hub } from './hub.ts'
import { type Forgetting, Pipe, type PipeKind, type PipeOptions } from './pipe.ts'
import { SimulatedClock } from './simulated-clock.ts'
import { SimulatedCluster } from './simulated-cluster.ts'
import { SimulatedMulticast } from './simulated-multicast.ts'
import { SimulatedProcess } from './simulated-process.ts'
import type { WireWatch } from './wire-watch.ts'

/** Sees what leaves and what arrives. */
type Watch = Pick<WireWatch, 'sent' | 'received'>

interface NetworkOptions {
  readonly seed: number
  readonly nodes: number
  readonly mode: NodeMode
  readonly link: 'relay' | 'multicast'
  /** How likely a hop forgets a subscription at a reconnect. */
  readonly forget: number
  readonly watch: Watch
}

/** Of so many seeds in a row all or none have requests that only those hear whom they are for. */
const seedsOfOneKind = 4

/** A hop is not made anew more often than this. */
const renewEveryMs = 2000

/** As those of ZeroMQ: what is tried where a publisher is not heard. */
const hopsOfMesh: readonly Hop[] = [
  { name: 'own', isShared: false },
  { name: 'publisher', isShared: false },
]
const hopsOfProxy: readonly Hop[] = [
  { name: 'link', isShared: false },
  { name: 'publisher', isShared: false },
  { name: 'own', isShared: true },
]

/** The nodes, their cluster processes and pipes, in the shape of the real topology. */
export class SimulatedNetwork {
  readonly clock = new SimulatedClock()
  readonly random: Random
  readonly mode: NodeMode
  readonly forgetting: Forgetting
  readonly clusters: SimulatedCluster[] = []
  readonly processes = new Map<string, SimulatedProcess>()
  readonly pipes = new Set<Pipe>()
  /** Processes that some roster has had as ended, and since when. */
  readonly endsSaid = new Map<string, number>()
  /** Whose pipes stand and fall with each cluster process. */
  readonly #clusterHubs: Hub<Pipe>[][] = []
  readonly #hubs: { inbound: Hub<Pipe>; outbound: Hub<Pipe>; export: Hub<Pipe> }[] = []
  /** What brings the updates of one node to another, by `from>to`; by multicast, that on which the other one asks for them. */
  readonly #links = new Map<string, Pipe>()
  readonly #multicast: SimulatedMulticast | null = null
  readonly #partitions = new Set<string>()
  readonly #telling = new Set<SimulatedProcess>()
  /** Processes that a roster has had as publishers. */
  readonly #announced = new Set<string>()
  readonly #watch: Watch
  readonly #addressesRequests: boolean

  constructor({ seed, nodes, mode, link, forget, watch }: NetworkOptions) {
    this.#watch = watch
    this.#addressesRequests = Math.floor(seed / seedsOfOneKind) % 2 === 1
    this.random = seededRandom(seed)
    this.mode = mode
    this.forgetting = { probability: forget }
    for (let node = 0; node < nodes; node++) {
      const hubs = { inbound: new Hub<Pipe>(), outbound: new Hub<Pipe>(), export: new Hub<Pipe>() }
      this.#hubs.push(hubs)
      const { inbound, outbound, export: exported } = hubs
      const ownHubs = [inbound, outbound, exported]
      this.#clusterHubs.push(ownHubs)
      this.clusters.push(new SimulatedCluster(node, ownHubs, this.#around()))
      const inproc = { delayMs: 0.1, capacity: Infinity }
      this.#pipe('inproc', inbound, outbound, inproc).faults = 2
      this.#pipe('inproc', inbound, exported, inproc).faults = 2
    }
    if (link === 'multicast') this.#multicast = this.#linkByMulticast(seed)
    else this.#linkByRelay()
    for (const cluster of this.clusters) cluster.start('none')
  }

  addProcess(incarnation: string, node: number): SimulatedProcess {
    const process = new SimulatedProcess(incarnation, node, {
      clock: this.clock,
      random: this.random,
      register: (each, registration) => this.#register(each, registration),
      renew: (each, hop, publisher) => this.#renew(each, hop, publisher),
      addressesRequests: this.#addressesRequests,
      hops: (each, publisher) =>
        this.mode === 'mesh' && this.processes.get(publisher)?.node === each.node
          ? hopsOfMesh
          : hopsOfProxy,
      sent: (each, topic, message) =>
        this.#watch.sent(
          topic,
          message,
          each.incarnation,
          this.#announced.has(each.incarnation),
          this.clock.now(),
        ),
      received: (each, topic, message) =>
        this.#watch.received(topic, message, each.incarnation, this.clock.now()),
    })
    this.processes.set(incarnation, process)
    const hubs = this.#hubsOf(node)
    const isUp = this.clusters[node]?.isUp ?? false
    const entry = this.mode === 'mesh' ? hubs.export : hubs.inbound
    process.publisherPipe = this.#pipe('publisher', process.publisherEnd, entry)
    process.subscriberPipe = this.#pipe('subscriber', hubs.outbound, process.subscriberEnd)
    for (const pipe of [process.publisherPipe, process.subscriberPipe]) {
      pipe.faults = isUp ? 0 : 1
      pipe.connectSoon(10)
    }
    this.clock.after(5 + this.random() * 20, () => this.connectRoster(process))
    return process
  }

  /** The process is gone; `left`: it had said so before. */
  removeProcess(process: SimulatedProcess): void {
    if (!process.isAlive) return
    if (process.isFrozen) process.isFrozen = false
    process.isAlive = false
    process.diedAt = this.clock.now()
    for (const pipe of process.pipes) {
      pipe.remove()
      this.pipes.delete(pipe)
    }
    const seen = process.isOnRoster ? 5 + this.random() * 45 : 1000
    process.isOnRoster = false
    this.clock.after(seen, () => this.clusters[process.node]?.markEnded(process.incarnation))
  }

  isPartitioned(a: number, b: number): boolean {
    return this.#partitions.has(pairOf(a, b))
  }

  partition(a: number, b: number, isOn: boolean): void {
    if (isOn === this.isPartitioned(a, b)) return
    if (isOn) this.#partitions.add(pairOf(a, b))
    else this.#partitions.delete(pairOf(a, b))
    for (const key of [`${a}>${b}`, `${b}>${a}`])
      if (isOn) this.#links.get(key)?.block()
      else this.#links.get(key)?.unblock()
    if (!isOn) this.#linkRosters(a, b)
  }

  /** The registration connection of a process is (again) there. */
  connectRoster(process: SimulatedProcess): void {
    const cluster = this.clusters[process.node]
    if (!process.isAlive || process.isFrozen || process.isOnRoster || !cluster?.isUp) return
    process.isOnRoster = true
    cluster.meet(process.seen)
    if (process.registration) this.#register(process, process.registration)
    this.#tell(process)
  }

  /** What an update takes from one process to another. */
  path(from: SimulatedProcess, to: SimulatedProcess): (Pick<Pipe, 'isFree'> | null | undefined)[] {
    const isSameNode = from.node === to.node
    if (this.mode === 'mesh' && isSameNode) return [to.direct.get(from.incarnation)]
    const link = isSameNode
      ? []
      : (this.#multicast?.path(from.node, to.node) ?? [this.#links.get(`${from.node}>${to.node}`)])
    return [from.publisherPipe, ...link, to.subscriberPipe]
  }

  #linkByRelay(): void {
    for (const [from, a] of this.#hubs.entries())
      for (const [to, b] of this.#hubs.entries()) {
        if (from === to) continue
        const link = this.#pipe('link', a.export, b.outbound, { delayMs: 3 })
        link.faults = 2
        this.#links.set(`${from}>${to}`, link)
      }
  }

  #linkByMulticast(seed: number): SimulatedMulticast {
    const multicast = new SimulatedMulticast({
      seed,
      clock: this.clock,
      hubs: this.#hubs,
      isPartitioned: (a, b) => this.isPartitioned(a, b),
      pipe: (...pipe) => this.#pipe(...pipe),
    })
    for (const [node, hubs] of this.#clusterHubs.entries()) hubs.push(...multicast.hubsOf(node))
    for (const [name, channel] of multicast.channels) {
      const [from, to] = name.split('>')
      this.#links.set(`${to}>${from}`, channel)
    }
    return multicast
  }

  #around() {
    return {
      clock: this.clock,
      random: this.random,
      clusters: this.clusters,
      areLinked: (a: number, b: number) => this.#areLinked(a, b),
      changed: (node: number) => {
        for (const process of this.processes.values())
          if (process.isAlive && process.isOnRoster && process.node === node) this.#tell(process)
      },
      ended: (incarnation: string) => {
        if (!this.endsSaid.has(incarnation)) this.endsSaid.set(incarnation, this.clock.now())
      },
      endedAt: (incarnation: string) => this.endsSaid.get(incarnation) ?? this.clock.now(),
      forgot: (cluster: SimulatedCluster, version: number | null) => this.#forgot(cluster, version),
      started: (cluster: SimulatedCluster) => this.#clusterStarted(cluster),
      crashed: (cluster: SimulatedCluster) => this.#clusterCrashed(cluster),
      began: (cluster: SimulatedCluster) => {
        for (const peer of this.clusters)
          if (peer !== cluster) this.#linkRosters(cluster.node, peer.node)
      },
    }
  }

  /** Whoever of the node has the roster from before that is told so. */
  #forgot(cluster: SimulatedCluster, version: number | null): void {
    for (const process of this.processes.values()) {
      const { life, version: seen } = process.seen
      if (process.node !== cluster.node || life === 0) continue
      const hasSeen = version !== null && life === cluster.lives && seen >= version
      if (!hasSeen) process.hasMissed = true
    }
  }

  #areLinked(a: number, b: number): boolean {
    return (
      (this.clusters[a]?.isUp ?? false) &&
      (this.clusters[b]?.isUp ?? false) &&
      !this.isPartitioned(a, b)
    )
  }

  #hubsOf(node: number) {
    return this.#hubs[node] as { inbound: Hub<Pipe>; outbound: Hub<Pipe>; export: Hub<Pipe> }
  }

  #pipe(kind: PipeKind, up: Hub<Pipe>, down: Hub<Pipe>, options: PipeOptions = {}): Pipe {
    const pipe = new Pipe(kind, up, down, this, options)
    this.pipes.add(pipe)
    return pipe
  }

  #pipesOfCluster(cluster: SimulatedCluster): Pipe[] {
    return cluster.hubs.flatMap((hub) => [...hub.ups, ...hub.downs])
  }

  #clusterStarted(cluster: SimulatedCluster): void {
    this.#multicast?.started(cluster.node)
    for (const pipe of this.#pipesOfCluster(cluster)) pipe.unblock()
    for (const process of this.processes.values())
      if (process.isAlive && process.node === cluster.node && !process.isFrozen)
        this.clock.after(50 + this.random() * 1500, () => this.connectRoster(process))
    for (const peer of this.clusters)
      if (peer !== cluster) this.#linkRosters(cluster.node, peer.node)
  }

  #clusterCrashed(cluster: SimulatedCluster): void {
    this.#multicast?.crashed(cluster.node)
    for (const pipe of this.#pipesOfCluster(cluster)) pipe.block()
    for (const process of this.processes.values())
      if (process.node === cluster.node) process.isOnRoster = false
  }

  #linkRosters(a: number, b: number): void {
    if (!this.#areLinked(a, b)) return
    this.clock.after(20 + this.random() * 100, () => {
      if (!this.#areLinked(a, b)) return
      const [one, other] = [this.clusters[a], this.clusters[b]]
      if (one && other) {
        one.takePeer(other)
        other.takePeer(one)
      }
    })
  }

  #refuse(process: SimulatedProcess): void {
    this.clock.after(0.5 + this.random() * 4, () => process.after(0, () => process.onRefused()))
  }

  /** A message on the registration connection; what a crashed process had not sent dies with it. */
  #register(process: SimulatedProcess, registration: Registration): void {
    const cluster = this.clusters[process.node]
    const survives = this.random() < 0.5
    if (!process.isOnRoster || !cluster) return
    process.registrationsSent += 1
    const number = process.registrationsSent
    this.clock.after(0.5 + this.random() * 4, () => {
      const isLost = process.isAlive
        ? !process.isOnRoster
        : !survives && registration.state !== 'ended'
      if (!cluster.isUp || isLost || number < process.registrationArrived) return
      process.registrationArrived = number
      if (cluster.isNameless(registration.incarnation)) return this.#refuse(process)
      if (registration.publishes.length > 0) this.#announced.add(registration.incarnation)
      cluster.apply(registration, process.isAlive)
      this.clock.after(0.5 + this.random() * 4, () => {
        process.after(0, () => {
          if (process.isOnRoster) process.onRegistered(registration)
        })
      })
    })
  }

  #tell(process: SimulatedProcess): void {
    if (this.#telling.has(process)) return
    this.#telling.add(process)
    this.clock.after(1 + this.random() * 4, () => {
      this.#telling.delete(process)
      if (process.isAlive && process.isOnRoster && !process.isFrozen) this.#catchUp(process)
    })
  }

  #catchUp(process: SimulatedProcess): void {
    const cluster = this.clusters[process.node]
    if (!cluster) return
    if (process.seen.life !== cluster.lives) process.seen = { life: cluster.lives, version: 0 }
    const { change, version } = cluster.changesSince(process.seen.version)
    process.seen.version = version
    if (this.mode === 'mesh')
      for (const entry of change.entries) this.#connectDirectly(process, entry)
    const forgot = process.hasMissed
    process.hasMissed = false
    process.onRoster({ ...change, ...(forgot && { forgot }) })
  }

  #connectDirectly(process: SimulatedProcess, entry: RosterEntry): void {
    const other = this.processes.get(entry.incarnation)
    if (!other?.isAlive || other === process || entry.state === 'ended') return
    if (other.node !== process.node || process.direct.has(entry.incarnation)) return
    const pipe = this.#pipe('direct', other.publisherEnd, process.subscriberEnd)
    process.direct.set(entry.incarnation, pipe)
    pipe.connectSoon(10 + this.random() * 40)
  }

  #renew(process: SimulatedProcess, hop: Hop, publisher: string): void {
    const other = this.processes.get(publisher)
    if (!other) return
    const pipe = this.#hop(process, other, hop.name)
    const now = this.clock.now()
    if (!pipe?.isAlive || pipe.isRemoved || pipe.renewedAt > now - renewEveryMs) return
    pipe.renewedAt = now
    pipe.block()
    pipe.unblock(30)
  }

  #hop(process: SimulatedProcess, other: SimulatedProcess, step: string) {
    const isSameNode = process.node === other.node
    if (step === 'own')
      return this.mode === 'mesh' && isSameNode
        ? process.direct.get(other.incarnation)
        : process.subscriberPipe
    if (!process.isOnRoster) return null
    if (step === 'link') return isSameNode ? null : this.#links.get(`${other.node}>${process.node}`)
    const canBeTold = other.isAlive && !other.isFrozen && this.clusters[other.node]?.isUp
    return canBeTold ? other.publisherPipe : null
  }
}

const pairOf = (a: number, b: number): string => (a < b ? `${a},${b}` : `${b},${a}`)
