import { type Random, seededRandom } from '../../base/random.ts'
import type { Pipe } from './pipe.ts'
import type { Actor } from './actor.ts'
import type { SimulatedNetwork } from './simulated-network.ts'

/** A drawn fault: four numbers decide all of it, so that leaving one out changes little else. */
interface Draw {
  readonly target: number
  readonly strength: number
  readonly choice: number
}

interface FaultKind {
  readonly upTo: number
  readonly name: string
  /** What was done, or null where there was nobody to do it to. */
  inject(draw: Draw, number: number): string | null
}

/** What faults are done to. */
export interface FaultStage {
  readonly network: SimulatedNetwork
  readonly actors: ReadonlyMap<string, Actor>
  readonly now: number
  readonly options: {
    readonly seed: number
    readonly nodes: number
    readonly faultMs: number
    readonly faultEveryMs: number
    /** Leaves all faults out but these, by number; empty: none. */
    readonly onlyFaults: readonly number[]
  }
  spawnPublisher(name: number, isScript?: boolean): Actor
  spawnSubscriber(name: number): Actor
  kill(actor: Actor): void
  close(actor: Actor): void
  freeze(actor: Actor, ms: number, onlyLoop: boolean): void
  /** Another process takes the name of one that stands still for so long. */
  takeOver(actor: Actor, ms: number, name: number): void
}

/** Of so many trials two nodes cannot reach each other at the start. */
const unreachableShare = 0.25
const unreachableName = 'a node is out of reach at the start'

/** How often the endings are looked at while a roster forgets them, milliseconds. */
const forgetEveryMs = 200

/** Draws faults from the seed: what breaks, when, and for how long. */
export class Faults {
  readonly #trial: FaultStage
  readonly #random: Random
  #count = 0
  /** No pipe doubled or reordered what it carried. */
  keptOrder = true
  /** How often each kind was injected. */
  readonly counts = new Map<string, number>()
  /** What was done, for people. */
  readonly log: string[] = []

  constructor(trial: FaultStage) {
    this.#trial = trial
    this.#random = seededRandom(trial.options.seed + 1_000_000)
  }

  /** The kinds that there are, as `counts` names them. */
  get names(): readonly string[] {
    return [unreachableName, ...this.#kinds.map(({ name }) => name)]
  }

  start(): void {
    const { faultEveryMs, faultMs } = this.#trial.options
    this.#unreachableAtStart()
    const next = (): void => {
      if (this.#trial.now > faultMs - 500) return
      this.#one()
      this.#later(faultEveryMs * -Math.log(1 - this.#random()), next)
    }
    this.#later(5000 + Math.min(faultEveryMs, 1e4) * this.#random(), next)
  }

  /** Some nodes hear each other for the first time when subscriptions are ready without. */
  #unreachableAtStart(): void {
    const { seed, nodes } = this.#trial.options
    const random = seededRandom(seed + 2_000_000)
    if (nodes < 2 || random() >= unreachableShare) return
    this.#trial.network.partition(0, 1, true)
    const ms = 6000 + random() * 20_000
    this.#later(ms, () => this.#trial.network.partition(0, 1, false))
    this.counts.set(unreachableName, 1)
    this.log.push(`nodes 0 and 1 cannot reach each other for the first ${ms.toFixed(0)} ms`)
  }

  #one(): void {
    const number = this.#count++
    const kind = this.#random()
    const draw = { target: this.#random(), strength: this.#random(), choice: this.#random() }
    const only = this.#trial.options.onlyFaults
    if (only.length > 0 && !only.includes(number)) return
    const fault = this.#kinds.find(({ upTo }) => kind < upTo)
    const text = fault?.inject(draw, number)
    if (!fault || !text) return
    this.counts.set(fault.name, (this.counts.get(fault.name) ?? 0) + 1)
    this.log.push(`${number} at ${this.#trial.now.toFixed(0)}: ${text}`)
  }

  /** How likely each is: the part of 0 … 1 up to `upTo`. */
  readonly #kinds: readonly FaultKind[] = [
    { upTo: 0.18, name: 'a connection is cut', inject: (draw) => this.#cutPipe(draw) },
    { upTo: 0.32, name: 'messages are dropped', inject: (draw) => this.#dropOnPipe(draw) },
    { upTo: 0.42, name: 'the next few are dropped', inject: (draw) => this.#dropNext(draw) },
    { upTo: 0.46, name: 'messages twice, out of order', inject: (draw) => this.#shuffle(draw) },
    { upTo: 0.5, name: 'a connection is clogged', inject: (draw) => this.#clog(draw) },
    { upTo: 0.51, name: 'all are clogged, freed at random', inject: (draw) => this.#swizzle(draw) },
    { upTo: 0.53, name: 'a wall clock steps', inject: (draw) => this.#stepClock(draw) },
    { upTo: 0.6, name: 'a publisher is killed', inject: (draw, n) => this.#killPublisher(draw, n) },
    { upTo: 0.66, name: 'a publisher closes', inject: (draw, n) => this.#closePublisher(draw, n) },
    { upTo: 0.74, name: 'a process is stopped or blocked', inject: (draw) => this.#freeze(draw) },
    { upTo: 0.76, name: 'a name is taken over', inject: (draw, n) => this.#takeOver(draw, n) },
    { upTo: 0.81, name: 'GENESIS_CLUSTER is killed', inject: (draw) => this.#crashCluster(draw) },
    {
      upTo: 0.82,
      name: 'an old roster file is put back',
      inject: (draw) => this.#restoreCluster(draw),
    },
    { upTo: 0.89, name: 'two nodes are parted', inject: (draw) => this.#partition(draw) },
    { upTo: 0.91, name: 'a roster forgets', inject: (draw, n) => this.#forget(draw, n) },
    { upTo: 0.94, name: 'a script comes and goes', inject: (_, n) => this.#script(n) },
    {
      upTo: 1,
      name: 'a subscriber comes, or dies',
      inject: (draw, n) => this.#newSubscriber(draw, n),
    },
  ]

  #later(ms: number, run: () => void): void {
    this.#trial.network.clock.after(ms, run)
  }

  #actors(isWanted: (actor: Actor) => boolean): Actor[] {
    return [...this.#trial.actors.values()].filter(
      (actor) => actor.process.isAlive && !actor.isClosing && isWanted(actor),
    )
  }

  #pipe({ target }: Draw): Pipe | undefined {
    return pick(
      [...this.#trial.network.pipes].filter((pipe) => pipe.kind !== 'inproc' && !pipe.isRemoved),
      target,
    )
  }

  #cutPipe(draw: Draw): string | null {
    const pipe = this.#pipe(draw)
    if (!pipe) return null
    const ms = 100 + draw.strength ** 2 * 8000
    pipe.block()
    this.#later(ms, () => {
      if (!pipe.isRemoved) pipe.unblock()
    })
    return `a ${pipe.kind} pipe is cut for ${ms.toFixed(0)} ms`
  }

  #dropOnPipe(draw: Draw): string | null {
    const pipe = this.#pipe(draw)
    if (!pipe) return null
    const ms = 100 + draw.strength ** 2 * 9000
    pipe.dropUntil = this.#trial.now + ms
    pipe.dropProbability = draw.choice < 0.5 ? 1 : 0.5
    return `a ${pipe.kind} pipe drops ${pipe.dropProbability} for ${ms.toFixed(0)} ms`
  }

  /** Just a few messages: the last ones of a burst, a mark, a request. */
  #dropNext(draw: Draw): string | null {
    const pipe = this.#pipe(draw)
    if (!pipe) return null
    const count = 1 + Math.floor(draw.strength * 5)
    if (draw.choice < 0.4) pipe.dropNext = count
    else pipe.dropNextUpdates = count
    const what = draw.choice < 0.4 ? 'messages' : 'updates'
    return `a ${pipe.kind} pipe drops its next ${count} ${what}`
  }

  #shuffle(draw: Draw): string | null {
    const pipe = this.#pipe(draw)
    if (!pipe) return null
    const ms = 100 + draw.strength * 5000
    pipe.shuffleUntil = this.#trial.now + ms
    this.keptOrder = false
    return `a ${pipe.kind} pipe doubles and reorders for ${ms.toFixed(0)} ms`
  }

  #clog(draw: Draw): string | null {
    const pipe = this.#pipe(draw)
    if (!pipe) return null
    const ms = 100 + draw.strength ** 2 * 8000
    pipe.clog()
    this.#later(ms, () => pipe.unclog())
    return `a ${pipe.kind} pipe is clogged for ${ms.toFixed(0)} ms`
  }

  /** All pipes are stopped one by one and freed in another order. */
  #swizzle({ strength }: Draw): string {
    const pipes = [...this.#trial.network.pipes].filter(({ kind }) => kind !== 'inproc')
    for (const [index, pipe] of pipes.entries()) {
      this.#later((index / pipes.length) * 2000 * strength, () => pipe.clog())
      this.#later(2000 + 3000 * this.#random(), () => pipe.unclog())
    }
    return 'all pipes are clogged one by one and freed out of order'
  }

  #stepClock({ target, strength }: Draw): string | null {
    const actor = pick(
      this.#actors(() => true),
      target,
    )
    if (!actor) return null
    actor.process.wallClockOffset = (2 * strength - 1) * 3_600_000
    return `the wall clock of ${actor.process.incarnation.slice(0, 6)} steps`
  }

  #killPublisher(draw: Draw, number: number): string | null {
    const actor = pick(
      this.#actors(({ published }) => published !== null),
      draw.target,
    )
    if (!actor) return null
    this.#trial.kill(actor)
    this.#later(500 + draw.strength * 4000, () => this.#trial.spawnPublisher(number))
    return `publisher ${actor.process.incarnation.slice(0, 6)} is killed`
  }

  #closePublisher(draw: Draw, number: number): string | null {
    const actor = pick(
      this.#actors(({ published, process }) => published !== null && !process.isFrozen),
      draw.target,
    )
    if (!actor) return null
    const { publisherPipe } = actor.process
    if (draw.choice < 0.5 && publisherPipe && actor.isOpen) {
      publisherPipe.dropNextUpdates = 1 + Math.floor(draw.choice * 6)
      actor.publishBurst()
    }
    this.#trial.close(actor)
    this.#later(500 + draw.strength * 4000, () => this.#trial.spawnPublisher(number))
    return `publisher ${actor.process.incarnation.slice(0, 6)} closes`
  }

  #freeze(draw: Draw): string | null {
    const actor = pick(
      this.#actors(() => true),
      draw.target,
    )
    if (!actor) return null
    const ms = 300 + draw.strength ** 2 * 16_000
    const onlyLoop = draw.choice < 0.4
    this.#trial.freeze(actor, ms, onlyLoop)
    const what = onlyLoop ? 'blocks its loop' : 'stands still'
    return `${actor.process.incarnation.slice(0, 6)} ${what} for ${ms.toFixed(0)} ms`
  }

  /** A publisher stands still, and another of its name comes meanwhile. */
  #takeOver(draw: Draw, number: number): string | null {
    const actor = pick(
      this.#actors(({ published, process, isOpen }) => {
        return isOpen && published !== null && !process.isFrozen
      }),
      draw.target,
    )
    if (!actor) return null
    const ms = 1500 + draw.strength ** 2 * 15_000
    this.#trial.takeOver(actor, ms, number)
    return `${actor.process.incarnation.slice(0, 6)} stands still for ${ms.toFixed(0)} ms, and loses its name`
  }

  #crashCluster(draw: Draw): string | null {
    const cluster = pick(this.#trial.network.clusters, draw.target)
    if (!cluster?.isUp) return null
    const withFile = draw.choice < 0.5
    cluster.crash()
    this.#later(300 + draw.strength * 8000, () => cluster.start(withFile ? 'file' : 'none'))
    return `${cluster.name} crashes, returns ${withFile ? 'with' : 'without'} its file`
  }

  /** It comes back with a file out of a backup: what it told since then is not in it. */
  #restoreCluster({ target, strength }: Draw): string | null {
    const cluster = pick(this.#trial.network.clusters, target)
    if (!cluster?.isUp) return null
    const ms = 200 + strength * 9000
    cluster.backUp()
    this.#later(ms, () => {
      if (!cluster.isUp) return
      cluster.crash()
      this.#later(500, () => cluster.start('backup'))
    })
    return `${cluster.name} crashes in ${ms.toFixed(0)} ms, returns with its file of now`
  }

  #partition({ target, strength, choice }: Draw): string | null {
    const { length } = this.#trial.network.clusters
    if (length < 2) return null
    const a = Math.floor(target * length)
    const b = (a + 1 + Math.floor(choice * (length - 1))) % length
    if (this.#trial.network.isPartitioned(a, b)) return null
    this.#trial.network.partition(a, b, true)
    const ms = 500 + strength ** 2 * 14_000
    this.#later(ms, () => this.#trial.network.partition(a, b, false))
    return `nodes ${a} and ${b} are parted for ${ms.toFixed(0)} ms`
  }

  /** A roster forgets soon what ends, while somebody is away who has not been told. */
  #forget(draw: Draw, number: number): string | null {
    const { clusters } = this.#trial.network
    const cluster = pick(clusters, draw.target)
    if (!cluster?.isUp) return null
    const away = draw.choice < 0.5 ? this.#freeze(draw) : this.#partition(draw)
    const ms = 3000 + draw.strength * 10_000
    this.#script(number)
    const until = this.#trial.now + ms
    const forget = (): void => {
      if (cluster.isUp) cluster.forgetEndings()
      if (this.#trial.now < until) this.#later(forgetEveryMs, forget)
    }
    forget()
    return `${cluster.name} forgets what ends for ${ms.toFixed(0)} ms, while ${away ?? 'nobody is away'}`
  }

  #script(number: number): string {
    this.#trial.spawnPublisher(number, true)
    return 'a script'
  }

  #newSubscriber(draw: Draw, number: number): string {
    const actor = pick(
      this.#actors(({ received, published }) => received.length > 0 && published === null),
      draw.target,
    )
    if (draw.strength < 0.5 && actor) this.#trial.kill(actor)
    this.#trial.spawnSubscriber(number)
    return 'a new subscriber'
  }
}

function pick<Item>(items: readonly Item[], at: number): Item | undefined {
  return items[Math.floor(at * items.length)]
}
