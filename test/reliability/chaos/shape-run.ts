import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { seededRandom } from '../../../src/base/random.ts'
import type { Shape } from '../../harness/definition-file.ts'
import { isProxy } from '../../harness/definition-file.ts'
import { JournalFolder } from '../journal-folder.ts'
import type { Life } from '../life.ts'
import type { Circumstances, Verdict } from '../verdict.ts'
import { judge } from '../verdict.ts'
import { Chance } from './chance.ts'
import type { FaultKind } from './fault-kind.ts'
import type { Injected } from './injected.ts'
import { Injector } from './injector.ts'
import type { Member } from './member.ts'
import { Stage, type Surroundings } from './stage.ts'

export interface ShapeRunOptions extends Surroundings {
  readonly shape: Shape
  readonly seed: number
  /** Of load and faults; what follows comes on top. */
  readonly seconds: number
  readonly commitsPerSecond: number
  /** Where the journals are written. */
  readonly folder: string
  readonly kinds: readonly FaultKind[]
  /** Milliseconds between the beginnings of two faults, on average. */
  readonly faultEveryMs: number
  readonly progress: (text: string) => void
}

export interface ShapeResult {
  readonly shape: Shape
  readonly seed: number
  readonly folder: string
  readonly verdict: Verdict
  readonly log: readonly Injected[]
  readonly lives: readonly Life[]
  /** What kept the run itself from going as it should. */
  readonly failures: readonly string[]
  readonly seconds: number
}

/** What a later judgement of a folder needs beside its journals. */
export interface KeptRun {
  readonly shape: Shape
  readonly seed: number
  /** When each journal's process was killed. */
  readonly killed: Readonly<Record<string, number>>
  readonly log: readonly Injected[]
}

export const keptFile = 'run.json'

/** How often each is drawn; of the long ones few are enough, they overlap with all others. */
const weights: Readonly<Record<FaultKind, number>> = {
  'kill-publisher': 5,
  'kill-subscriber': 5,
  'kill-script': 3,
  'kill-cluster': 5,
  'stop-publisher': 4,
  'stop-subscriber': 4,
  'stop-cluster': 4,
  'freeze-publisher': 1,
  'freeze-subscriber': 1,
  'freeze-cluster': 0.7,
  'cut-process': 5,
  'cut-hop': 5,
  'flap-hop': 2,
  'low-marks-process': 1.5,
  'low-marks-cluster': 1.5,
  'cut-machine': 4,
  'deafen-machine': 4,
  'lose-machine': 4,
}

/** Everybody has what is owed within so many milliseconds after all is healed, or it is a violation. */
const settleWithinMs = 60_000
const lookEveryMs = 250

const scriptEveryMs = 3_000
const progressEveryMs = 10_000

/** One shape under faults drawn from a seed, judged from its journals. */
export class ShapeRun {
  readonly #options: ShapeRunOptions
  readonly #chance: Chance
  readonly #journals: JournalFolder
  readonly #failures: string[] = []
  readonly #killed = new Map<string, number>()

  constructor(options: ShapeRunOptions) {
    this.#options = options
    this.#chance = new Chance(seededRandom(options.seed))
    this.#journals = new JournalFolder(options.folder)
  }

  async run(signal: AbortSignal): Promise<ShapeResult> {
    const { shape, seed, folder, commitsPerSecond, seconds } = this.#options
    const began = performance.now()
    const stage = await Stage.open(shape, this.#options, folder, commitsPerSecond)
    const injector = new Injector(stage, this.#chance, (journal, at) =>
      this.#killed.set(journal, at),
    )
    const over = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)])
    await Promise.all([
      this.#disturb(injector, over),
      this.#startScripts(stage, over),
      this.#tell(injector, over),
    ])
    if (!signal.aborted) await injector.settled()
    if (!signal.aborted) this.#lookForDeaths(stage)
    const verdict = await this.#settle(stage, injector.log, signal)
    const failures = [...this.#failures, ...injector.failures]
    const lives = this.#journals.lives
    this.#journals.close()
    this.#keep(injector.log)
    const ranSeconds = (performance.now() - began) / 1000
    return { shape, seed, folder, verdict, log: injector.log, lives, failures, seconds: ranSeconds }
  }

  /** Nobody ends by himself, however the network behaves. */
  #lookForDeaths({ members, scripts, seats }: Stage): void {
    for (const { deaths } of [...members, ...scripts]) this.#failures.push(...deaths.splice(0))
    for (const { child } of seats.map(({ node }) => node))
      if (child.hasEnded) this.#failures.push(`${child.name} ${child.state}: ${child.log}`)
  }

  async #disturb(injector: Injector, over: AbortSignal): Promise<void> {
    const { kinds, faultEveryMs } = this.#options
    const drawn = Object.fromEntries(kinds.map((kind) => [kind, weights[kind]]))
    while (!over.aborted) {
      await wait(this.#chance.between(0.3, 1.7) * faultEveryMs, over)
      if (!over.aborted) injector.inject(this.#chance.weighted<FaultKind>(drawn), over)
    }
  }

  async #startScripts(stage: Stage, over: AbortSignal): Promise<void> {
    for (let node = 0; !over.aborted; node++) {
      await wait(scriptEveryMs, over)
      if (!over.aborted) stage.startScript(node)
    }
  }

  async #tell(injector: Injector, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      await wait(progressEveryMs, over)
      this.#tellState(injector.log)
    }
  }

  #tellState(log: readonly Injected[]): void {
    const { deliveries, violations } = this.#judge(log, true)
    const now = violations.filter(({ rule }) => !pendingRules.has(rule)).length
    const { shape, progress } = this.#options
    progress(`${shape}: ${log.length} faults, ${deliveries} deliveries, ${now} violations`)
  }

  #judge(log: readonly Injected[], isRunning = false): Verdict {
    this.#journals.read()
    for (const [journal, at] of this.#killed) {
      const life = this.#journals.life(journal)
      if (life) life.killedAt = at
    }
    return judge(this.#journals.lives, this.#circumstances(log, isRunning))
  }

  #circumstances(log: readonly Injected[], isRunning: boolean): Circumstances {
    const { isMesh, touched } = circumstancesOf(this.#options.shape, log)
    return { isMesh: isMesh && !isRunning, touched }
  }

  /** Everything is healed: all that is owed comes. Then publishers leave, and nothing else does. */
  async #settle(stage: Stage, log: readonly Injected[], signal: AbortSignal): Promise<Verdict> {
    const { publishers, subscribers, scripts } = stage
    if (signal.aborted) return this.#judge(log)
    await this.#mustNotFail(
      'every subscription is ready',
      Promise.all(subscribers.map((member) => member.says('ready', settleWithinMs))),
    )
    await this.#mustNotFail(
      'the scripts end',
      Promise.all(scripts.map((script) => script.child.ended)),
    )
    for (const member of publishers) member.order({ type: 'stop' })
    await this.#mustNotFail(
      'the load stops',
      Promise.all(publishers.map((member) => member.says('stopped', settleWithinMs))),
    )
    for (const member of publishers) member.order({ type: 'flush' })
    await this.#mustNotFail(
      'everything is confirmed',
      Promise.all(publishers.map((member) => everybodyHas(member))),
    )
    await this.#untilWhole(log, signal)
    for (const member of publishers)
      if (!subscribers.includes(member)) member.order({ type: 'close' })
    const leaving = publishers.filter((member) => !subscribers.includes(member))
    await Promise.all(leaving.map((member) => member.child.ended))
    this.#lookForDeaths(stage)
    return this.#untilWhole(log, signal)
  }

  async #untilWhole(log: readonly Injected[], signal: AbortSignal): Promise<Verdict> {
    const deadline = performance.now() + settleWithinMs
    for (;;) {
      const verdict = this.#judge(log)
      const isPending = verdict.violations.some(({ rule }) => pendingRules.has(rule))
      if (!isPending || performance.now() > deadline || signal.aborted) return verdict
      await wait(lookEveryMs, signal)
    }
  }

  async #mustNotFail(what: string, promise: Promise<unknown>): Promise<void> {
    try {
      await promise
    } catch (error) {
      this.#failures.push(`${what}: ${(error as Error).message}`)
    }
  }

  #keep(log: readonly Injected[]): void {
    const { shape, seed, folder } = this.#options
    const killed = Object.fromEntries(this.#killed)
    const kept: KeptRun = { shape, seed, killed, log }
    writeFileSync(join(folder, keptFile), `${JSON.stringify(kept)}\n`)
  }
}

export function circumstancesOf(shape: Shape, log: readonly Injected[]): Circumstances {
  const touched = log.flatMap(({ lives, nodes, from, to }) =>
    [...lives, ...nodes].map((name) => ({ name, from, to })),
  )
  return { isMesh: !isProxy(shape), touched }
}

/** Everything is healed: a flush ends long before its time is up, and misses nobody. */
async function everybodyHas(member: Member): Promise<void> {
  const { missing } = await member.says('flushed', settleWithinMs)
  if (missing.length > 0) throw new Error(`${member.journal} misses ${missing.join(', ')}`)
}

/** What may still be well when it has settled. */
const pendingRules: ReadonlySet<string> = new Set([
  'silent-loss',
  'open-for-live',
  'never-ready',
  'never-published',
])

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined)
}
