import type { Verdict } from './checker.ts'

interface Counted {
  times: number
  runs: number
  deliveries: number
  reported: number
  falseLosses: number
  silent: number
  readonly healMs: number[]
}

/** What became of the runs in which a kind of fault was injected, kind by kind. */
export class FaultTally {
  readonly #kinds = new Map<string, Counted>()

  add(counts: ReadonlyMap<string, number>, verdict: Verdict): void {
    const falseLosses = verdict.violations.filter(({ rule }) => rule.startsWith('false')).length
    for (const [name, times] of counts) {
      const counted = this.#of(name)
      counted.times += times
      counted.runs++
      counted.deliveries += verdict.delivered
      counted.reported += verdict.lost
      counted.falseLosses += falseLosses
      counted.silent += verdict.violations.length - falseLosses
      for (const ms of verdict.healMs) counted.healMs.push(ms)
    }
  }

  /** One row a kind: of all runs in which it was injected, among other faults. */
  rows() {
    return [...this.#kinds].map(([name, counted]) => {
      const { times, runs, deliveries, silent, reported, falseLosses } = counted
      const healMs = counted.healMs.toSorted((a, b) => a - b)
      return {
        id: name,
        fault: name,
        injected: `by the seed, in ${runs} runs`,
        times,
        deliveries,
        silent,
        reported,
        falseLosses,
        healP50Ms: quantile(healMs, 0.5),
        healP99Ms: quantile(healMs, 0.99),
        figure: '',
        met: silent + falseLosses === 0,
      }
    })
  }

  #of(name: string): Counted {
    let counted = this.#kinds.get(name)
    if (!counted) {
      const none = { times: 0, runs: 0, deliveries: 0, reported: 0, falseLosses: 0, silent: 0 }
      counted = { ...none, healMs: [] }
      this.#kinds.set(name, counted)
    }
    return counted
  }
}

function quantile(sorted: readonly number[], at: number): number | null {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(at * sorted.length))]
  return value === undefined ? null : Math.round(value)
}
