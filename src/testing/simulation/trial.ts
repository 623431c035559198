import { type Random, seededRandom } from '../../base/random.ts'
import type { Tables } from '../../model/request.ts'
import type { NodeMode, Registration } from '../../model/roster.ts'
import type { Delivery } from '../../model/update.ts'
import { defaultPublisherLimits } from '../../publisher/publisher-limits.ts'
import { ComposedQueue } from '../../queue/composed-queue.ts'
import { defaultSubscriberLimits } from '../../subscriber/subscriber-limits.ts'
import { check, type Verdict } from './checker.ts'
import { Faults } from './faults.ts'
import {
  type PublisherJournal,
  publisherJournal,
  type SubscriberJournal,
  subscriberJournal,
} from './journal.ts'
import { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedProcess } from './simulated-process.ts'

export interface TrialOptions {
  readonly seed: number
  readonly mode?: NodeMode
  readonly nodes?: number
  readonly publishers?: number
  readonly subscribers?: number
  readonly faultMs?: number
  readonly faultEveryMs?: number
  readonly healMs?: number
  readonly forget?: number
  /** Leaves all faults out but these, by number: for making a failing run small. */
  readonly onlyFaults?: readonly number[]
}

type AnyTables = Record<string, object>

/** A process of the trial with its queue and what its application wrote down. */
export interface Actor {
  readonly process: SimulatedProcess
  readonly queue: ComposedQueue<AnyTables>
  readonly random: Random
  readonly published: PublisherJournal | null
  readonly received: SubscriberJournal | null
  isOpen: boolean
  isClosing: boolean
}

const tableNames = ['A', 'B', 'C', 'D']

/** Small, so that eviction, the reserve and the budgets are met all the time. */
const publisherLimits = {
  ...defaultPublisherLimits,
  retentionBytes: 12_000,
  reserveUpdates: 6,
  reserveBytes: 1_500,
  replayBytesPerRequest: 4_000,
}
const subscriberLimits = {
  ...defaultSubscriberLimits,
  heldBytes: 24_000,
  replayWindowBytes: 3_000,
}

/** Promises are given a turn this often, in simulated milliseconds. */
const promiseTurnMs = 5

/** Frozen processes and partitions last at most so long beyond the end of the faults. */
const lastFaultMs = 17_000

/** One random cluster under random faults, decided by a seed alone; afterwards all is healed. */
export class Trial {
  readonly network: SimulatedNetwork
  readonly actors = new Map<string, Actor>()
  readonly options: Required<TrialOptions>
  readonly faults: Faults
  #spawned = 0

  constructor(options: TrialOptions) {
    this.options = {
      mode: options.seed % 2 === 0 ? 'proxy' : 'mesh',
      nodes: 2,
      publishers: 3,
      subscribers: 3,
      faultMs: 40_000,
      faultEveryMs: 1200,
      healMs: 40_000,
      forget: 0.1,
      onlyFaults: [],
      ...options,
    }
    const { seed, nodes, mode, forget, publishers, subscribers } = this.options
    this.network = new SimulatedNetwork({ seed, nodes, mode, forget })
    this.faults = new Faults(this)
    for (let index = 0; index < publishers; index++)
      this.#later(this.network.random() * 3000, () => this.spawnPublisher(1000 + index))
    for (let index = 0; index < subscribers; index++)
      this.#later(this.network.random() * 4000, () => this.spawnSubscriber(1000 + index))
  }

  get now(): number {
    return this.network.clock.now()
  }

  async run(): Promise<Verdict> {
    const { faultMs, healMs } = this.options
    this.faults.start()
    this.#later(faultMs, () => this.#heal())
    const until = faultMs + lastFaultMs + healMs
    const { clock } = this.network
    let drainedAt = 0
    while (clock.nextAt <= until) {
      clock.step()
      if (clock.now() - drainedAt < promiseTurnMs) continue
      drainedAt = clock.now()
      await new Promise(setImmediate)
    }
    const journals = [...this.actors.values()]
    return check(
      new Map(journals.flatMap(({ published: p }) => (p ? [[p.incarnation, p] as const] : []))),
      journals.flatMap(({ received }) => received ?? []),
    )
  }

  spawnPublisher(name: number, isScript = false): Actor {
    const random = seededRandom(this.options.seed * 7919 + name * 31 + 1)
    const declared = random() < 0.5 ? tableNames.slice(0, 2) : []
    const actor = this.#spawn(random, declared, true)
    const pause = [150, 400, 1500, 6000][Math.floor(random() * 4)] ?? 400
    const work = (): void => {
      if (actor.isClosing) return
      if (!actor.isOpen) {
        actor.process.after(20, work)
        return
      }
      if (this.now > this.options.faultMs + 6000) return
      this.#publishBurst(actor)
      if (isScript) this.close(actor)
      else actor.process.after(pause * -Math.log(1 - random()), work)
    }
    actor.process.after(100 + random() * 400, work)
    return actor
  }

  spawnSubscriber(name: number): Actor {
    const random = seededRandom(this.options.seed * 7919 + name * 31 + 2)
    const actor = this.#spawn(random, [], false)
    return actor
  }

  kill(actor: Actor): void {
    if (!actor.process.isAlive) return
    this.network.removeProcess(actor.process)
    if (actor.published) actor.published.endedAt = this.now
    if (actor.received) actor.received.endedAt = this.now
  }

  close(actor: Actor): void {
    if (actor.isClosing || !actor.isOpen) return
    actor.isClosing = true
    void actor.queue.close().then(() => {
      if (actor.published) actor.published.hasLeft = true
      this.#later(20, () => this.kill(actor))
    })
  }

  freeze(actor: Actor, ms: number): void {
    const { process } = actor
    if (process.isFrozen || !process.isAlive) return
    process.freeze()
    const cut: (typeof process.pipes)[number][] = []
    let isOver = false
    // libzmq's heartbeats run in its own thread, but a stopped process has no threads.
    this.#later(3000, () => {
      if (isOver || !process.isAlive) return
      cut.push(...process.pipes)
      for (const pipe of cut) pipe.block()
      process.isOnRoster = false
    })
    this.#later(ms, () => {
      isOver = true
      if (!process.isAlive || !process.isFrozen) return
      for (const pipe of cut) pipe.unblock()
      process.thaw()
      this.#later(50 + this.network.random() * 500, () => this.network.connectRoster(process))
    })
  }

  #later(ms: number, run: () => void): void {
    this.network.clock.after(ms, run)
  }

  #spawn(random: Random, declared: readonly string[], isPublisher: boolean): Actor {
    const incarnation = idOf(seededRandom(this.options.seed * 104_729 + ++this.#spawned))
    const node = Math.floor(random() * this.options.nodes)
    const process = this.network.addProcess(incarnation, node)
    const tables = isPublisher ? [] : chooseTables(random)
    const actor: Actor = {
      process,
      random,
      queue: new ComposedQueue<AnyTables>({
        clock: process,
        random: seededRandom(this.options.seed * 613 + this.#spawned),
        transport: process,
        publisherLimits,
        subscriberLimits,
        drainMs: 2000,
        registration: registrationOf(incarnation, node, this.options.mode, declared),
        declared,
      }),
      published: isPublisher ? publisherJournal(incarnation, node) : null,
      received: isPublisher ? null : subscriberJournal(incarnation, node, tables),
      isOpen: false,
      isClosing: false,
    }
    this.actors.set(incarnation, actor)
    void actor.queue.open(new AbortController().signal).then(() => {
      actor.isOpen = true
      if (actor.received) this.#subscribe(actor, actor.received)
    })
    return actor
  }

  #subscribe(actor: Actor, journal: SubscriberJournal): void {
    const subscription = actor.queue.subscribe(journal.tables, {
      onDelivery: (delivery) => this.#record(journal, delivery),
    })
    void this.#noteReady(actor, subscription.ready)
  }

  async #noteReady(actor: Actor, ready: Promise<void>): Promise<void> {
    await ready
    if (actor.received) actor.received.readyAt = this.now
  }

  #record(journal: SubscriberJournal, delivery: Delivery<AnyTables>): void {
    if (delivery.type === 'loss') {
      for (const loss of delivery.losses)
        journal.losses.push({ ...loss, at: this.now, afterDelivery: journal.deliveries })
      return
    }
    const number = ++journal.deliveries
    for (const { table, sequence, commit, publisher, record } of delivery.updates)
      journal.delivered.push({
        incarnation: publisher?.incarnation ?? '',
        table,
        sequence: sequence ?? 0,
        commit: commit ?? 0,
        place: (record as { place: number }).place,
        delivery: number,
        isIncomplete: delivery.incomplete === true,
        at: this.now,
      })
  }

  #publishBurst(actor: Actor): void {
    const { random } = actor
    const commits = 1 + Math.floor(random() * 4)
    for (let index = 0; index < commits; index++) {
      const size = 1 + Math.floor(random() * 3)
      const tables = Array.from({ length: size }, () => pick(random))
      this.#publish(actor, tables)
    }
    if (random() < 0.03) void actor.queue.flush()
  }

  #publish(actor: Actor, tables: readonly string[]): void {
    const journal = actor.published
    if (!journal) return
    const commit = journal.commits.length + 1
    const updates = tables.map((table, place) => {
      let stream = journal.updates.get(table)
      if (!stream) journal.updates.set(table, (stream = []))
      const update = { table, sequence: stream.length + 1, commit, place, at: this.now }
      stream.push(update)
      return update
    })
    journal.commits.push(updates)
    actor.queue.publish(
      updates.map(({ table, place }) => ({
        table,
        kind: 'insert',
        record: { commit, place },
      })),
    )
  }

  /** All faults stop; what was forgotten stays forgotten until the protocol renews it. */
  #heal(): void {
    this.network.forgetting.probability = 0
    for (const pipe of this.network.pipes) pipe.dropUntil = 0
  }
}

function chooseTables(random: Random): Tables {
  if (random() < 0.3) return '*'
  if (random() < 0.5) return ['A', 'B']
  return [...new Set([tableNames[Math.floor(random() * 4)] ?? 'C', 'A'])]
}

const pick = (random: Random): string =>
  tableNames[Math.floor(random() * random() * tableNames.length)] ?? 'A'

const idOf = (random: Random): string =>
  Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('')

function registrationOf(
  incarnation: string,
  node: number,
  mode: NodeMode,
  publishes: readonly string[],
): Registration {
  return {
    node: `node-${node}`,
    process: `process-${incarnation.slice(0, 6)}`,
    instance: '',
    incarnation,
    role: 'process',
    pid: 1,
    startedAt: 0,
    mode,
    processPort: null,
    zeromqPort: null,
    publishes,
    subscribes: [],
    state: 'alive',
    last: null,
    connections: { processes: 0, outbound: 0, inbound: 0, export: 0 },
    sequences: [],
  }
}
