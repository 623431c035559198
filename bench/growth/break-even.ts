import { fitLine } from '../../test/reliability/faults/statistics.ts'

/** What something costs with so many nodes. */
export interface Cost {
  readonly nodes: number
  readonly cost: number
}

/**
 * From how many nodes on the second of two things costs less than the first, where both grow along a straight line;
 * 0: it does with any number, Infinity: with none.
 */
export function breakEven(first: readonly Cost[], second: readonly Cost[]): number {
  const [one, other] = [lineOf(first), lineOf(second)]
  const steeper = one.slope - other.slope
  const above = other.atZero - one.atZero
  if (steeper <= 0) return above < 0 ? 0 : Infinity
  return Math.max(0, above / steeper)
}

function lineOf(costs: readonly Cost[]): { readonly slope: number; readonly atZero: number } {
  const nodes = costs.map((each) => each.nodes)
  const { slope, mean } = fitLine(
    nodes,
    costs.map(({ cost }) => cost),
  )
  const middle = nodes.reduce((sum, each) => sum + each, 0) / nodes.length
  return { slope, atZero: mean - slope * middle }
}
