import { inBackground } from '../../base/background.ts'
import { type Random, seededRandom } from '../../base/random.ts'
import type { TidingsError } from '../../base/tidings-error.ts'
import type { Tables } from '../../model/request.ts'
import type { NodeMode } from '../../model/roster-entry.ts'
import { defaultPublisherLimits } from '../../publisher/publisher-limits.ts'
import { ComposedQueue } from '../../queue/composed-queue.ts'
import { defaultSubscriberLimits } from '../../subscriber/subscriber-limits.ts'
import { Actor, type AnyTables, tableNames, type Taking } from './actor.ts'
import type { ActorStage } from './actor-stage.ts'
import { check, type Verdict } from './checker.ts'
import { Faults, type FaultStage } from './faults.ts'
import { type PublisherJournal, publisherJournal } from './journal.ts'
import { sampleMs } from './pipe.ts'
import { Reach } from './reach.ts'
import { ConnectionPool, RowVersions } from './row-versions.ts'
import { SimulatedNetwork } from './simulated-network.ts'
import { simulatedRegistration } from './simulated-registration.ts'
import { WireWatch } from './wire-watch.ts'

export interface TrialOptions {
  readonly seed: number
  readonly mode?: NodeMode
  readonly nodes?: number
  readonly link?: 'relay' | 'multicast'
  readonly publishers?: number
  readonly subscribers?: number
  readonly faultMs?: number
  readonly faultEveryMs?: number
  readonly healMs?: number
  /** How likely a hop forgets a subscription at a reconnect. */
  readonly forget?: number
  /** Publishers give versions, and slow applications take the latest of each key. */
  readonly versions?: boolean
  /** Some commits of publishers have resets. */
  readonly resets?: boolean
  /** Leaves all faults out but these, by number: for making a failing run small. */
  readonly onlyFaults?: readonly number[]
}

/**
 * Small, so that eviction, the reserve and the budgets are met all the time, that a parcel of several
 * batches takes several turns, that two parcels close behind each other gather, and that two turns that publish
 * make a busy process.
 */
const publisherLimits = {
  ...defaultPublisherLimits,
  turnBytes: 200,
  parcelGatherTurns: 2,
  parcelGatherTurnMs: 500,
  parcelGatherMs: 25,
  parcelGatherBusyMs: 500,
  parcelGatherBusyShare: 1,
  parcelGatherLookTurns: 2,
  parcelGatherLookMs: 10,
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

/** What the reserves of the other tables leave of the retention. */
const keepsAtLeast = { ...publisherLimits, bytes: 3_000 }

/** Promises are given a turn this often, in simulated milliseconds. */
const promiseTurnMs = 5

/** Frozen processes and partitions last at most so long beyond the end of the faults. */
const lastFaultMs = 17_000

/** A path that carries a topic no longer is made anew by then, milliseconds: its hops are tried later and later. */
const renewedWithinMs = 20_000

/** A process that does not answer for its name for so long loses it, milliseconds. */
const takenOverAfterMs = 1000

/** Mean pause between two bursts of a publisher, milliseconds. */
const paces = [150, 400, 1500, 6000, 20_000]

/** The second subscription of a process follows within so much. */
const secondWithinMs = 15_000

/** Of so many seeds one has versions: the others draw what they drew without. */
const versionsEvery = 3

/** Of so many seeds one has nodes that are linked by multicast. */
const multicastEvery = 5

/** Of so many seeds one has resets. */
const resetsEvery = 5

/** Of the publishers of such a trial so many give versions. */
const versionedShare = 0.75

/** Clocks of two machines run apart by up to so much. */
const maxDrift = 2e-4

/** One random cluster under random faults, decided by a seed alone; afterwards all is healed. */
export class Trial implements ActorStage, FaultStage {
  readonly network: SimulatedNetwork
  readonly reach: Reach
  readonly watch = new WireWatch(keepsAtLeast)
  readonly actors = new Map<string, Actor>()
  readonly publishers = new Map<string, PublisherJournal>()
  readonly options: Required<TrialOptions>
  readonly faults: Faults
  readonly #versions = new RowVersions()
  #spawned = 0
  #failure: TidingsError | null = null

  constructor(options: TrialOptions) {
    this.options = {
      mode: options.seed % 2 === 0 ? 'proxy' : 'mesh',
      nodes: 2,
      link: options.seed % multicastEvery === multicastEvery - 1 ? 'multicast' : 'relay',
      publishers: 3,
      subscribers: 3,
      faultMs: 40_000,
      faultEveryMs: 1200,
      healMs: 40_000,
      forget: options.seed % 4 < 2 ? 0.1 : 0,
      versions: options.seed % versionsEvery === 0,
      resets: options.seed % resetsEvery === 2,
      onlyFaults: [],
      ...options,
    }
    const { seed, nodes, mode, link, forget, publishers, subscribers } = this.options
    this.network = new SimulatedNetwork({ seed, nodes, mode, link, forget, watch: this.watch })
    this.reach = new Reach(this.network)
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
    this.#sample()
    this.#later(faultMs, () => this.#heal())
    const until = faultMs + lastFaultMs + healMs
    const { clock } = this.network
    let drainedAt = 0
    while (clock.nextAt <= until) {
      clock.step()
      if (clock.now() - drainedAt < promiseTurnMs) continue
      drainedAt = clock.now()
      await new Promise(setImmediate)
      if (this.#failure) throw this.#failure
    }
    const received = [...this.actors.values()].flatMap((actor) => {
      const { heldBytes } = actor.queue.stats()
      for (const journal of actor.received) {
        journal.heldAtEnd = heldBytes
        journal.toldLastOf = actor.process.toldLastOf
      }
      return actor.received
    })
    for (const journal of this.publishers.values()) {
      journal.diedUnknown =
        journal.endedAt < Infinity && !this.network.endsSaid.has(journal.incarnation)
      journal.forgottenAt = this.network.clusters[journal.node]?.forgotAt ?? Infinity
      for (const { node, firstHeardAt } of this.network.clusters) {
        const heardAt = firstHeardAt.get(journal.node) ?? Infinity
        const cluster = this.network.clusters[journal.node]
        const losses = cluster?.forgotAts ?? []
        const isLost = losses.some((at) => journal.endedAt <= at && at <= heardAt)
        // It died when the roster began anew, but before it had registered there.
        const isUnknown = (cluster?.lostAt.get(journal.incarnation) ?? Infinity) <= heardAt
        const isOver = journal.endedAt < Infinity
        if (node !== journal.node && isOver && (isLost || isUnknown)) journal.neverToldTo.add(node)
      }
    }
    const { reach, watch } = this
    const { keptOrder } = this.faults
    const calmFrom = faultMs + lastFaultMs + renewedWithinMs
    return check(this.publishers, received, { reach, watch, keptOrder, calmFrom })
  }

  spawnPublisher(name: number, isScript = false): Actor {
    const random = seededRandom(this.options.seed * 7919 + name * 31 + 1)
    const declared = random() < 0.5 ? tableNames.slice(0, 2) : []
    // A data server both publishes and subscribes.
    const takings = !isScript && random() < 0.2 ? [this.#takingOf(random)] : []
    const actor = this.#spawn(random, declared, true, takings)
    actor.resets = this.options.resets
    if (this.options.versions) actor.connections = this.#connectionsOf(name)
    const pause = paces[Math.floor(random() * paces.length)] ?? 400
    const work = (): void => {
      if (actor.isClosing) return
      if (!actor.isOpen) {
        actor.process.after(20, work)
        return
      }
      if (this.now > this.options.faultMs + 6000) return
      actor.publishBurst()
      if (random() < 0.1) actor.publishInTurns(2 + Math.floor(random() * 6))
      if (isScript) this.close(actor)
      else actor.process.after(pause * -Math.log(1 - random()), work)
    }
    actor.process.after(100 + random() * 400, work)
    return actor
  }

  spawnSubscriber(name: number): Actor {
    const random = seededRandom(this.options.seed * 7919 + name * 31 + 2)
    const takings = Array.from({ length: random() < 0.25 ? 2 : 1 }, () => this.#takingOf(random))
    return this.#spawn(random, [], false, takings)
  }

  kill(actor: Actor): void {
    if (!actor.process.isAlive) return
    this.network.removeProcess(actor.process)
    actor.ended(this.now)
  }

  close(actor: Actor): void {
    if (actor.isClosing || !actor.isOpen) return
    actor.isClosing = true
    if (actor.published) actor.published.closingAt = this.now
    const left = actor.queue.close().then(() => {
      if (actor.published) actor.published.leftAt = this.now
      this.#later(20, () => this.kill(actor))
    })
    this.follow(left)
  }

  /** The process stands still. Its connections break after a while, unless only its loop is blocked. */
  freeze(actor: Actor, ms: number, onlyLoop: boolean): void {
    const { process } = actor
    if (process.isFrozen || !process.isAlive) return
    process.freeze()
    const cut: (typeof process.pipes)[number][] = []
    let isOver = false
    // libzmq's heartbeats run in its own thread: a blocked loop answers them, a stopped process has no threads.
    if (!onlyLoop)
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

  /** While it stands still another process of its name comes and has the name; it learns that when it wakes. */
  takeOver(actor: Actor, ms: number, name: number): void {
    const { process } = actor
    this.freeze(actor, ms, false)
    this.#later(takenOverAfterMs, () => {
      const cluster = this.network.clusters[process.node]
      if (!process.isFrozen || !cluster?.takeName(process.incarnation)) return
      if (actor.published) actor.published.endedAt = this.now
      actor.isClosing = true
      this.follow(actor.queue.closed.then(() => this.kill(actor)))
      this.spawnPublisher(name)
    })
  }

  /** What goes on beside the trial: it ends with the failure of that. */
  follow(work: Promise<unknown>): void {
    inBackground(work, (failure) => {
      this.#failure ??= failure
    })
  }

  #later(ms: number, run: () => void): void {
    this.network.clock.after(ms, run)
  }

  #sample(): void {
    const actors = [...this.actors.values()].filter(({ process }) => process.isAlive)
    const processes = (isWanted: (actor: Actor) => boolean) =>
      actors.filter(isWanted).map(({ process }) => process)
    this.reach.sample(
      processes(({ received }) => received.length > 0),
      processes(({ published }) => published !== null),
      this.now,
    )
    this.#later(sampleMs, () => this.#sample())
  }

  #spawn(
    random: Random,
    declared: readonly string[],
    isPublisher: boolean,
    takings: readonly Taking[],
  ): Actor {
    const incarnation = idOf(seededRandom(this.options.seed * 104_729 + ++this.#spawned))
    const node = Math.floor(random() * this.options.nodes)
    const process = this.network.addProcess(incarnation, node)
    process.drift = (2 * random() - 1) * maxDrift
    const queue = new ComposedQueue<AnyTables>({
      clock: process,
      random: seededRandom(this.options.seed * 613 + this.#spawned),
      transport: process,
      publisherLimits,
      subscriberLimits,
      drainMs: 2000,
      registration: simulatedRegistration(incarnation, node, this.options.mode, declared),
      declared,
    })
    const published = isPublisher ? publisherJournal(incarnation, node, declared) : null
    if (published) this.publishers.set(incarnation, published)
    const actor = new Actor(process, queue, random, published, this)
    this.actors.set(incarnation, actor)
    const opened = queue.open(new AbortController().signal).then(() => {
      actor.isOpen = true
      const [first, second] = takings
      if (first) actor.subscribe(first)
      if (second) process.after(random() * secondWithinMs, () => actor.subscribe(second))
    })
    this.follow(opened)
    return actor
  }

  /** Every sixth application is slow, with room for little; where there are versions, it takes the latest of each key. */
  #takingOf(random: Random): Taking {
    const tables = chooseTables(random)
    const isSlow = random() < 1 / 6
    const isFolded = isSlow && this.options.versions
    const slow = isFolded ? { handlerMs: 400, updates: 6 } : { handlerMs: 40, updates: 12 }
    return isSlow
      ? { tables, handlerMs: slow.handlerMs, limit: { updates: slow.updates }, isFolded }
      : { tables, handlerMs: 0, limit: {}, isFolded }
  }

  /** Some processes publish without versions, others with those of their connections. */
  #connectionsOf(name: number): ConnectionPool | null {
    const random = seededRandom(this.options.seed * 7919 + name * 31 + 3)
    return random() < versionedShare ? new ConnectionPool(this.#versions, random) : null
  }

  /** All faults stop; what was forgotten stays forgotten until the protocol renews it. */
  #heal(): void {
    this.network.forgetting.probability = 0
    for (const pipe of this.network.pipes) {
      pipe.dropUntil = 0
      pipe.dropNext = 0
      pipe.dropNextUpdates = 0
      pipe.shuffleUntil = 0
      pipe.unclog()
    }
  }
}

function chooseTables(random: Random): Tables {
  if (random() < 0.3) return '*'
  if (random() < 0.5) return ['A', 'B']
  return [...new Set([tableNames[Math.floor(random() * 4)] ?? 'C', 'A'])]
}

const idOf = (random: Random): string =>
  Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('')
