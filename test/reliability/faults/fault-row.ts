import type { Tool } from '../../harness/tools.ts'
import type { Verdict } from './judge.ts'
import { addVerdicts, violations } from './judge.ts'
import { quantile } from './statistics.ts'

/** A figure that a row has to meet. Figures of time are noisy on a busy machine, hence two limits. */
export interface Demand {
  readonly what: string
  readonly unit: string
  readonly measured: number
  /** What is wanted. */
  readonly asked: number
  /** What is asserted; the run fails beyond it. */
  readonly limit: number
  /** Most: the figure must not be larger. Least: not smaller. */
  readonly bound: 'most' | 'least'
}

/** What one row has measured. */
export interface Measured {
  /** How often the fault was injected. */
  readonly injected: number
  readonly verdict: Verdict
  /** Milliseconds from each injection, or from its end, until all was well again. */
  readonly healMs: readonly number[]
  readonly demands: readonly Demand[]
  /** What the figures do not say. */
  readonly notes: readonly string[]
}

export interface RowOptions {
  /** 1: the figures of the demand; smaller: a shorter run. */
  readonly scale: number
}

/** One row of the fault matrix. */
export interface FaultRow {
  readonly id: string
  /** What the machine has to let it do, beside processes. */
  readonly needs?: readonly Tool[]
  readonly fault: string
  readonly how: string
  run(options: RowOptions): Promise<Measured>
}

/** One row as it is printed and written. */
export interface RowResult extends Omit<Measured, 'healMs'> {
  readonly id: string
  readonly fault: string
  readonly how: string
  readonly seconds: number
  readonly healP50Ms: number | null
  readonly healP99Ms: number | null
  readonly violations: number
  /** All that was asked for is met. */
  readonly met: boolean
  /** Nothing is wrong and no figure is beyond its limit. */
  readonly passed: boolean
}

export const isMet = ({ measured, bound }: Demand, figure: number): boolean =>
  bound === 'most' ? measured <= figure : measured >= figure

export function rowResult(row: FaultRow, measured: Measured, seconds: number): RowResult {
  const { id, fault, how } = row
  const { healMs, ...rest } = measured
  const wrong = violations(measured.verdict)
  const holds = (figure: (demand: Demand) => number): boolean =>
    wrong === 0 && measured.demands.every((demand) => isMet(demand, figure(demand)))
  return {
    id,
    fault,
    how,
    ...rest,
    seconds,
    healP50Ms: healMs.length === 0 ? null : quantile(healMs, 0.5),
    healP99Ms: healMs.length === 0 ? null : quantile(healMs, 0.99),
    violations: wrong,
    met: holds(({ asked }) => asked),
    passed: holds(({ limit }) => limit),
  }
}

/** Several parts of one row, e.g. its shapes. */
export function addMeasured(...parts: readonly Measured[]): Measured {
  return {
    injected: parts.reduce((sum, { injected }) => sum + injected, 0),
    verdict: addVerdicts(...parts.map(({ verdict }) => verdict)),
    healMs: parts.flatMap(({ healMs }) => healMs),
    demands: parts.flatMap(({ demands }) => demands),
    notes: parts.flatMap(({ notes }) => notes),
  }
}

/** A figure that must not be larger than asked; asserted at `times` as much. */
export const atMost = (
  what: string,
  unit: string,
  measured: number,
  asked: number,
  times = 1,
): Demand => ({ what, unit, measured, asked, limit: asked * times, bound: 'most' })

/** A figure that must not be smaller than asked; asserted at the `times`-th part of it. */
export const atLeast = (
  what: string,
  unit: string,
  measured: number,
  asked: number,
  times = 1,
): Demand => ({ what, unit, measured, asked, limit: asked / times, bound: 'least' })
