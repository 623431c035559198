import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { readCorpus } from './corpus.ts'
import type { Coverage } from './coverage.ts'
import { Dice } from './dice.ts'
import type { Finding } from './judge.ts'
import { isFinding, judge, judgeBomb, keyOf } from './judge.ts'
import { expectUnpollutedThoroughly } from './oracle.ts'
import type { Input, Target } from './target.ts'

/** Inputs that others are made of. */
const poolSize = 400
/** Of them, those that reached new code: fresh ones do not push them out. */
const poolReached = 200
/** After so many inputs one of the pool is made anew. */
const freshEvery = 24
/** After so many inputs the event loop gets its turn. */
const turnEvery = 2_000
/** Inputs between two looks at the coverage: a look costs as much as some hundred inputs. */
const lookEvery = 500
/** Faults told of one target: more are of one cause. */
const maxFindings = 8

export interface CampaignOptions {
  readonly inputs: number
  /** Ends earlier after so many seconds. */
  readonly seconds?: number
  /** Ends earlier with so many findings. */
  readonly mostFindings?: number
  /** Keeps what reaches new code. Slower: for a part of the inputs. */
  readonly coverage?: Coverage
}

/** What came of some inputs to one target. */
export interface Found {
  readonly target: string
  readonly inputs: number
  readonly outcomes: readonly (readonly [string, number])[]
  readonly findings: readonly Finding[]
}

/** One target under many inputs. Equal seeds give equal inputs as long as nothing guides them. */
export class Campaign {
  readonly target: Target
  readonly findings = new Map<string, Finding>()
  readonly outcomes = new Map<string, number>()
  inputs = 0
  /** Of CPU: others use the processor too. */
  cpuSeconds = 0
  /** Inputs that reached new code; others are made of them. */
  readonly reached: Input[] = []
  readonly #seed: number
  readonly #dice: Dice
  readonly #pool: Input[]
  readonly #digest = createHash('sha256')
  #recent: Input[] = []

  constructor(target: Target, seed: number) {
    this.target = target
    this.#seed = seed ^ Buffer.from(target.name).reduce((sum, byte) => Math.imul(sum, 31) + byte, 0)
    this.#dice = new Dice(this.#seed)
    const kept = readCorpus(target.name).map(({ input }) => input)
    const valid = this.#dice.many(poolSize - poolReached, () => target.valid(this.#dice))
    this.#pool = [...valid, ...kept]
  }

  /** Names all outcomes in their order: equal for equal seeds, whatever decodes. */
  get digest(): string {
    return this.#digest.copy().digest('hex').slice(0, 16)
  }

  /** Each count and length of so many valid inputs at its greatest, and what else promises much. */
  explode(inputs: number, mostFindings = maxFindings): void {
    const { target } = this
    const dice = new Dice(this.#seed)
    for (const heavy of target.heavy?.() ?? []) this.#count(heavy, judgeBomb(target, heavy))
    for (let n = 0; n < inputs; n++) {
      for (const bomb of target.bombs?.(target.valid(dice)) ?? []) {
        if (this.findings.size >= mostFindings) return
        this.#count(bomb, judgeBomb(target, bomb))
      }
    }
  }

  /** What another process found with inputs of its own. */
  add(found: Found): void {
    this.inputs += found.inputs
    for (const [name, times] of found.outcomes)
      this.outcomes.set(name, (this.outcomes.get(name) ?? 0) + times)
    for (const finding of found.findings)
      if (!this.findings.has(keyOf(finding))) this.findings.set(keyOf(finding), finding)
  }

  async run(options: CampaignOptions): Promise<void> {
    const { inputs, seconds = Infinity, mostFindings = maxFindings, coverage } = options
    const began = performance.now()
    const before = process.cpuUsage()
    for (let n = 1; n <= inputs && this.findings.size < mostFindings; n++) {
      const input = this.#next(n)
      this.#take(input, judge(this.target, input))
      if (coverage) this.#follow(input, coverage, n === inputs)
      if (n % turnEvery !== 0) continue
      expectUnpollutedThoroughly()
      await nextTurn()
      if ((performance.now() - began) / 1000 > seconds) break
    }
    const { user, system } = process.cpuUsage(before)
    this.cpuSeconds += (user + system) / 1e6
  }

  #next(n: number): Input {
    const dice = this.#dice
    const pool = this.#pool
    if (n % freshEvery === 0) {
      const valid = this.target.valid(dice)
      pool[dice.below(poolSize - poolReached)] = valid
      return valid
    }
    return this.target.mutate(dice, dice.pick(pool), dice.pick(pool))
  }

  #take(input: Input, outcome: string | Finding): void {
    this.#digest.update(isFinding(outcome) ? outcome.kind : outcome)
    this.#count(input, outcome)
  }

  #count(input: Input, outcome: string | Finding): void {
    this.inputs++
    const name = isFinding(outcome) ? outcome.kind : outcome
    this.outcomes.set(name, (this.outcomes.get(name) ?? 0) + 1)
    if (isFinding(outcome) && !this.findings.has(keyOf(outcome))) {
      this.findings.set(keyOf(outcome), {
        ...outcome,
        input: input.map((frame) => Buffer.from(frame)),
      })
    }
  }

  #follow(input: Input, coverage: Coverage, isLast: boolean): void {
    this.#recent.push(input)
    if (this.#recent.length < lookEvery && !isLast) return
    const recent = this.#recent
    this.#recent = []
    const found = coverage.takeNew()
    if (found.size > 0) this.#keep(this.#whoReached(recent, found, coverage))
  }

  /** Bisects: the blocks that a half of the inputs runs, it runs again. */
  #whoReached(inputs: readonly Input[], blocks: ReadonlySet<string>, coverage: Coverage): Input {
    let suspects = inputs
    while (suspects.length > 1) {
      const half = suspects.slice(0, suspects.length >> 1)
      for (const input of half) judge(this.target, input)
      suspects = coverage.hasRun(blocks) ? half : suspects.slice(half.length)
    }
    return suspects[0] as Input
  }

  #keep(input: Input): void {
    const place = poolSize - poolReached + (this.reached.length % poolReached)
    this.#pool[Math.min(place, this.#pool.length)] = input
    this.reached.push(input)
  }
}
