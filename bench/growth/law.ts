/** What was measured, `y`, at the size `x`. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** y ≈ factor × x^exponent. `fit` is R², 1 where all points lie on the line. */
export interface Law {
  readonly exponent: number
  readonly factor: number
  readonly fit: number
}

/**
 * The power law through positive points, by least squares of their logarithms; null where fewer than
 * two sizes are left, because one point has no slope.
 */
export function lawOf(points: readonly Point[]): Law | null {
  const logs = points
    .filter(({ x, y }) => x > 0 && y > 0)
    .map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }))
  const mean = (numbers: readonly number[]): number =>
    numbers.reduce((sum, each) => sum + each, 0) / numbers.length
  const x0 = mean(logs.map(({ x }) => x))
  const y0 = mean(logs.map(({ y }) => y))
  const spread = mean(logs.map(({ x }) => (x - x0) ** 2))
  if (logs.length < 2 || spread === 0) return null
  const exponent = mean(logs.map(({ x, y }) => (x - x0) * (y - y0))) / spread
  const all = mean(logs.map(({ y }) => (y - y0) ** 2))
  const rest = mean(logs.map(({ x, y }) => (y - y0 - exponent * (x - x0)) ** 2))
  return { exponent, factor: Math.exp(y0 - exponent * x0), fit: all === 0 ? 1 : 1 - rest / all }
}

/** One line for a page: `connections ~ processes^2.0 (R² 1.00)`. */
export function lawLine(what: string, of: string, points: readonly Point[]): string {
  const law = lawOf(points)
  if (!law) return `${what}: too few sizes for a law`
  // No slope is "-0.0".
  const exponent = (Math.round(law.exponent * 10) / 10 + 0).toFixed(1)
  return `${what} ~ ${of}^${exponent} (R² ${law.fit.toFixed(2)})`
}
