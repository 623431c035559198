import { setTimeout as pause } from 'node:timers/promises'
import type { OpenOptions } from '../../../src/index.ts'
import type { KeyPair } from '../../../src/model/key-pair.ts'
import type { Shape } from '../../harness/definition-file.ts'
import type { Machine } from '../../harness/network.ts'
import { Network } from '../../harness/network.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { atMost, type Demand } from './fault-row.ts'
import { addVerdicts, judge, type PublishedStream, type Verdict } from './judge.ts'
import { needlesslyLost } from './needless.ts'
import { openQueue, type Participant, startParticipant } from './participant.ts'
import { monotonicMs } from './order.ts'
import type { RecordedLoss } from './recorder.ts'
import { type Place, publishedBy } from './settled.ts'

const tables = ['TRADE', 'POSITION']
const size = 4

/** Five times what any row asks for, and more. */
const waitedMs = 60_000

/** Who is looked at all the time has none left for what it is to do. */
const lookEveryMs = 250

/** Where what one machine sends to another one goes. */
export interface Way {
  readonly from: Machine
  readonly to: Machine
}

interface MachinesOptions {
  /** Done to each machine before anything runs there. */
  readonly prepare?: ((machine: Machine) => void) | undefined
  /** Of each GENESIS_CLUSTER. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** So many machines more, without a node. */
  readonly strangers?: number
  readonly keys?: readonly KeyPair[]
  /** Of each queue. */
  readonly retention?: { readonly bytes: number }
}

/** Machines with networks of their own: on each a GENESIS_CLUSTER, and a process whose queues publish and subscribe. */
export class Machines {
  readonly cluster: TestCluster
  readonly machines: readonly Machine[]
  /** In the same network, without a node. */
  readonly strangers: readonly Machine[]
  readonly publishers: Place[] = []
  readonly subscribers: Place[] = []
  readonly #participants: readonly Participant[]
  readonly #options: Partial<OpenOptions>
  /** What was published before a subscription was ready. */
  readonly #before = new Map<Place, readonly PublishedStream[]>()

  private constructor(
    cluster: TestCluster,
    machines: readonly Machine[],
    strangers: readonly Machine[],
    options: Partial<OpenOptions>,
  ) {
    this.#options = options
    this.cluster = cluster
    this.machines = machines
    this.strangers = strangers
    this.#participants = machines.map(({ name, place }) => startParticipant(name, { place }))
  }

  static async start(
    shape: Shape,
    count: number,
    { prepare, env, strangers = 0, keys, retention }: MachinesOptions = {},
  ): Promise<Machines> {
    const network = new Network(count + strangers)
    const machines = network.machines.slice(0, count)
    for (const machine of machines) prepare?.(machine)
    const cluster = await TestCluster.reserve(shape, count, { machines, ...(keys && { keys }) })
    await Promise.all(cluster.nodes.map((node) => node.start(env)))
    return new Machines(cluster, machines, network.machines.slice(count), {
      ...(retention && { retention }),
    })
  }

  machine(index: number): Machine {
    const machine = this.machines[index]
    if (!machine) throw new Error(`there is no machine ${index}`)
    return machine
  }

  /** From each machine to each other one. */
  get ways(): Way[] {
    return this.machines.flatMap((from) =>
      this.machines.filter((to) => to !== from).map((to) => ({ from, to })),
    )
  }

  async addPublisher(key: string, node: number): Promise<Place> {
    const place = await this.open(key, node)
    this.publishers.push(place)
    return place
  }

  /** Resolves when its subscription is ready: what is published from then on is owed to it. Whoever publishes is another one. */
  async addSubscriber(key: string, node: number): Promise<Place> {
    const place = await this.open(key, node)
    this.subscribers.push(place)
    await place.participant.call('subscribe', { key, tables })
    this.#before.set(place, await this.published())
    return place
  }

  /** All that runs on a machine. */
  pids(node: number): number[] {
    const participant = this.#participants[node]
    return [this.cluster.node(node).child.pid, ...(participant ? [participant.child.pid] : [])]
  }

  /** The queues of a machine are closed; what they published and were given counts no more. */
  async leave(node: number): Promise<void> {
    const participant = this.#participants[node]
    for (const places of [this.publishers, this.subscribers])
      for (const place of places.filter((each) => each.participant === participant)) {
        await place.participant.call('close', { key: place.key })
        places.splice(places.indexOf(place), 1)
      }
  }

  /** What comes from one to the other gets lost, and the other way round. */
  part(one: Machine, other: Machine): void {
    one.deafen(other)
    other.deafen(one)
  }

  /** All hear each other. */
  join(): void {
    for (const { from, to } of this.ways) to.hear(from)
  }

  /** All publishers publish, so many updates a second each. */
  async load(updatesPerSecond: number): Promise<void> {
    for (const { participant, key } of this.publishers)
      await participant.call('pace', { key, updatesPerSecond, size })
  }

  /** A publisher and a subscriber on each machine, under this load, of which all is there. */
  async fill(updatesPerSecond: number): Promise<void> {
    const nodes = this.machines.keys().toArray()
    for (const node of nodes) await this.addPublisher(`PUBLISHER_${node}`, node)
    for (const node of nodes) await this.addSubscriber(`SUBSCRIBER_${node}`, node)
    await this.load(updatesPerSecond)
    await this.whole()
  }

  published(): Promise<PublishedStream[]> {
    return publishedBy(this.publishers)
  }

  /** Resolves when each subscription accounts for all that was published until now, or after a while. */
  async whole(): Promise<void> {
    const published = await this.published()
    await Promise.all(this.subscribers.map((each) => accounts(each, this.#owed(each, published))))
  }

  /** Ends the load, and judges all subscriptions when they account for everything. */
  async judge(): Promise<Verdict> {
    for (const { participant, key } of this.publishers) await participant.call('stop', { key })
    await this.whole()
    const published = await this.published()
    const each = this.subscribers.map(async (place) =>
      judge(this.#owed(place, published), await recordedOf(place)),
    )
    return addVerdicts(...(await Promise.all(each)))
  }

  /** Updates told lost of publishers that live, retain them and were not silent for ten seconds. */
  async needlesslyLost(): Promise<number> {
    const each = await Promise.all(this.subscribers.map(lossesOf))
    return each.reduce((sum, losses) => sum + needlesslyLost(losses), 0)
  }

  /** `what`: of which part of the row. */
  async nothingLostInVain(what: string): Promise<Demand> {
    const lost = await this.needlesslyLost()
    return atMost(`${what}: told lost of who was not silent for ten seconds`, 'updates', lost, 0)
  }

  #owed(place: Place, published: readonly PublishedStream[]): PublishedStream[] {
    const before = this.#before.get(place) ?? []
    return published.map((stream) => {
      const { incarnation, table } = stream
      const known = before.find((each) => each.incarnation === incarnation && each.table === table)
      return { ...stream, after: known?.last ?? 0 }
    })
  }

  /** A queue that neither publishes nor subscribes yet, and is not judged. */
  async open(key: string, node: number): Promise<Place> {
    const participant = this.#participants[node]
    if (!participant) throw new Error(`there is no machine ${node}`)
    await openQueue(participant, this.cluster, key, tables, this.#options, node)
    return { participant, key }
  }
}

export const progressOf = ({ participant, key }: Place) => participant.call('progress', { key })

const recordedOf = ({ participant, key }: Place) => participant.call('recorded', { key })

export async function lossesOf(place: Place): Promise<readonly RecordedLoss[]> {
  return (await recordedOf(place)).losses
}

/** Waits until all of it is delivered, or lies in a loss whose end is told, or nothing has come for long: what is missing then stays missing. */
export async function accounts(place: Place, published: readonly PublishedStream[]): Promise<void> {
  let [deliveries, movedAt] = [0, monotonicMs()]
  // On a busy machine much is late; as long as more comes nothing is missing yet.
  while (monotonicMs() - movedAt < waitedMs) {
    const { losses, ...recorded } = await recordedOf(place)
    const exact = losses.filter(({ to }) => to !== null)
    if (judge(published, { ...recorded, losses: exact }).silent === 0) return
    if (recorded.deliveries > deliveries)
      [deliveries, movedAt] = [recorded.deliveries, monotonicMs()]
    await pause(lookEveryMs)
  }
}

/** Whether it holds within a minute. */
export async function holdsSoon(look: () => Promise<boolean>): Promise<boolean> {
  for (const deadline = performance.now() + waitedMs; performance.now() < deadline;) {
    if (await look()) return true
    await pause(lookEveryMs)
  }
  return look()
}
