/** The value below which the given share (0 to 1) of the values lies; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

/** A line through samples by least squares. */
export interface Line {
  readonly slope: number
  /** Half the width of the slope's 95 % confidence interval. */
  readonly slopeError: number
  readonly mean: number
}

/** 97.5 % point of the normal distribution: there are dozens of samples at least. */
const normal975 = 1.96

/**
 * Fits a line. Neighbouring samples of one process resemble each other, so the error is widened by
 * their correlation at lag 1: n samples count as n (1 − r) / (1 + r) (Bartlett's effective size).
 */
export function fitLine(times: readonly number[], values: readonly number[]): Line {
  const [meanTime, meanValue] = [mean(times), mean(values)]
  let [timeSquares, products] = [0, 0]
  times.forEach((time, index) => {
    timeSquares += (time - meanTime) ** 2
    products += (time - meanTime) * ((values[index] ?? 0) - meanValue)
  })
  const slope = timeSquares === 0 ? 0 : products / timeSquares
  const residuals = values.map(
    (value, index) => value - meanValue - slope * ((times[index] ?? 0) - meanTime),
  )
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0)
  const lagged = residuals.slice(1).reduce((sum, each, i) => sum + each * (residuals[i] ?? 0), 0)
  const correlation = squares === 0 ? 0 : Math.min(0.99, Math.max(0, lagged / squares))
  const size = Math.max(3, (values.length * (1 - correlation)) / (1 + correlation))
  const variance = squares / values.length / (size - 2)
  const spread = timeSquares / times.length
  const slopeError = spread === 0 ? 0 : normal975 * Math.sqrt(variance / spread)
  return { slope, slopeError, mean: meanValue }
}
