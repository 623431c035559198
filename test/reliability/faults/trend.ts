import { fitLine, mean, quantile } from './statistics.ts'

/** What was measured of one thing, in the order of time. */
export interface Samples {
  readonly unit: 'MiB' | 'ms'
  /** A part of what is judged as a whole: it explains, and is not judged itself. */
  readonly isPart: boolean
  /** Seconds since the run began. */
  readonly times: number[]
  readonly values: number[]
}

/** How one figure went over the time of the run. */
export interface Trend {
  readonly what: string
  readonly unit: string
  readonly samples: number
  readonly mean: number
  readonly perHour: number
  /** Half of the 95 % confidence interval, by the hour. */
  readonly error: number
  /** Growth over the run as a share of the mean. */
  readonly share: number
  /** The means of four parts of the run, one behind the other: whether a growth goes on or comes to an end. */
  readonly quarters: readonly number[]
  /** It is steeper than noise is: a finding that has to be explained. */
  readonly grows: boolean
}

/** Heaps and caches fill: the first share of the samples does not count. */
export const warmUpShare = 0.25

/** A slope of more than so many times its error is a finding, however small the growth is: it goes on. */
const findingErrors = 2

/**
 * Memory goes up and down with the garbage collector; what stays is what lies under it. So of resident
 * memory, without V8's young generation, the least of so many samples counts, if there are enough of them.
 */
export const samplesOfFloor = 10
const fewestFloors = 6

/** By so much the last third of a latency may lie above the first: it hangs on whatever else the machine does. */
const latencyTolerance = 0.25

/** The least of each window, at the middle of its time. */
function floors(times: readonly number[], values: readonly number[]) {
  const windows = Math.floor(times.length / samplesOfFloor)
  if (windows < fewestFloors) return { times, values }
  const starts = Array.from({ length: windows }, (_, window) => window * samplesOfFloor)
  return {
    times: starts.map((start) => mean(times.slice(start, start + samplesOfFloor))),
    values: starts.map((start) => Math.min(...values.slice(start, start + samplesOfFloor))),
  }
}

function quartersOf(figures: readonly number[]): number[] {
  const at = (quarter: number): number => Math.floor((figures.length * quarter) / 4)
  return [0, 1, 2, 3].map((quarter) => mean(figures.slice(at(quarter), at(quarter + 1))))
}

/** A latency of the end above that of the beginning, whatever the line through all of them says. */
function isLater(figures: readonly number[]): boolean {
  const third = Math.ceil(figures.length / 3)
  const [first, last] = [figures.slice(0, third), figures.slice(-third)]
  return (
    quantile(last, 0.5) > quantile(first, 0.5) * (1 + latencyTolerance) &&
    quantile(last, 0.25) > quantile(first, 0.75)
  )
}

export function trendOf(what: string, { unit, isPart, ...samples }: Samples): Trend {
  const from = Math.floor(samples.times.length * warmUpShare)
  const [times, values] = [samples.times.slice(from), samples.values.slice(from)]
  const { times: counted, values: figures } = what.endsWith('RSS')
    ? floors(times, values)
    : { times, values }
  const line = fitLine(counted, figures)
  const duration = (counted.at(-1) ?? 0) - (counted[0] ?? 0)
  const isSteep = line.slope > findingErrors * line.slopeError
  return {
    what,
    unit,
    samples: figures.length,
    mean: line.mean,
    perHour: line.slope * 3600,
    error: line.slopeError * 3600,
    share: (line.slope * duration) / line.mean,
    quarters: quartersOf(figures),
    grows: !isPart && (isSteep || (unit === 'ms' && isLater(figures))),
  }
}
