/** A figure over the repetitions of a run. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The middle one, or the mean of the two in the middle; NaN of nothing. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length % 2 === 1) return sorted[middle] ?? Number.NaN
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

export function spread(numbers: readonly number[]): Spread {
  return { median: median(numbers), min: Math.min(...numbers), max: Math.max(...numbers) }
}

/**
 * Ratios of runs that stood side by side, repetition by repetition: what slows the machine for a while
 * slows both. What has no partner is left out.
 */
export function pairedRatios(ours: readonly number[], theirs: readonly number[]): Spread {
  const pairs = Math.min(ours.length, theirs.length)
  return spread(ours.slice(0, pairs).map((value, index) => value / (theirs[index] ?? Number.NaN)))
}
