import { type Random, seededRandom } from '../../base/random.ts'
import type { Pipe } from './pipe.ts'
import type { Actor } from './actor.ts'
import type { Trial } from './trial.ts'

/** A drawn fault: four numbers decide all of it, so that leaving one out changes little else. */
interface Draw {
  readonly target: number
  readonly strength: number
  readonly choice: number
}

/** Draws faults from the seed: what breaks, when, and for how long. */
export class Faults {
  readonly #trial: Trial
  readonly #random: Random
  #count = 0
  /** No pipe doubled or reordered what it carried. */
  keptOrder = true
  /** What was done, for people. */
  readonly log: string[] = []

  constructor(trial: Trial) {
    this.#trial = trial
    this.#random = seededRandom(trial.options.seed + 1_000_000)
  }

  start(): void {
    const { faultEveryMs, faultMs } = this.#trial.options
    const next = (): void => {
      if (this.#trial.now > faultMs - 500) return
      this.#one()
      this.#later(faultEveryMs * -Math.log(1 - this.#random()), next)
    }
    this.#later(5000 + Math.min(faultEveryMs, 1e4) * this.#random(), next)
  }

  #one(): void {
    const number = this.#count++
    const kind = this.#random()
    const draw = { target: this.#random(), strength: this.#random(), choice: this.#random() }
    const only = this.#trial.options.onlyFaults
    if (only.length > 0 && !only.includes(number)) return
    const text = this.#inject(kind, draw, number)
    if (text) this.log.push(`${number} at ${this.#trial.now.toFixed(0)}: ${text}`)
  }

  #inject(kind: number, draw: Draw, number: number): string | null {
    if (kind < 0.18) return this.#cutPipe(draw)
    if (kind < 0.32) return this.#dropOnPipe(draw)
    if (kind < 0.42) return this.#dropNext(draw)
    if (kind < 0.46) return this.#shuffle(draw)
    if (kind < 0.5) return this.#clog(draw)
    if (kind < 0.51) return this.#swizzle(draw)
    if (kind < 0.53) return this.#stepClock(draw)
    if (kind < 0.6) return this.#killPublisher(draw, number)
    if (kind < 0.66) return this.#closePublisher(draw, number)
    if (kind < 0.76) return this.#freeze(draw)
    if (kind < 0.82) return this.#crashCluster(draw)
    if (kind < 0.89) return this.#partition(draw)
    if (kind < 0.94) {
      this.#trial.spawnPublisher(number, true)
      return 'a script'
    }
    return this.#newSubscriber(draw, number)
  }

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
    this.#later(500 + draw.strength * 4000, () => void this.#trial.spawnPublisher(number))
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
    this.#later(500 + draw.strength * 4000, () => void this.#trial.spawnPublisher(number))
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

  #crashCluster(draw: Draw): string | null {
    const cluster = pick(this.#trial.network.clusters, draw.target)
    if (!cluster?.isUp) return null
    const withFile = draw.choice < 0.5
    cluster.crash()
    this.#later(300 + draw.strength * 8000, () => cluster.start(withFile))
    return `${cluster.name} crashes, returns ${withFile ? 'with' : 'without'} its file`
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
