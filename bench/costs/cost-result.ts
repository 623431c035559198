import { median, pairedRatios, type Spread } from '../statistics.ts'
import type { CostDatabase, CostWayName } from './cost-way.ts'

/** What was measured of a way, round by round. */
export interface CostSamples {
  readonly database: CostDatabase
  readonly name: CostWayName
  /** Milliseconds of an insert of one row: the median of each round. */
  readonly one: number[]
  /** Milliseconds of one insert of many rows. */
  readonly many: number[]
  /** Milliseconds from the call of COMMIT until another process has the row in its live table: all of each round. */
  readonly delays: number[][]
}

/** The figures of a way. `one` and `many` are times those of the same insert of which nobody is told, round by round. */
export interface CostRow {
  readonly database: string
  readonly name: string
  readonly oneMs: number
  readonly one: Spread
  readonly manyMs: number
  readonly many: Spread
  /** null: nobody is told. Over all rounds; least and most are of rounds. */
  readonly delay: { readonly p50: Spread; readonly p99: Spread } | null
}

/** What a run of `npm run bench:costs` writes, as JSON. */
export interface CostResult {
  readonly command: string
  /** When it ended, ISO 8601. */
  readonly at: string
  readonly machine: string
  readonly versions: readonly string[]
  readonly rounds: number
  /** In each round. */
  readonly inserts: number
  /** Rows of an insert of many. */
  readonly rowsOfMany: number
  /** Commits in each round whose delay is measured. */
  readonly commits: number
  readonly rows: readonly CostRow[]
}

export function costRows(samples: readonly CostSamples[]): CostRow[] {
  return samples.map(({ database, name, one, many, delays }) => {
    const base = samples.find((each) => each.database === database && each.name === 'nobody')
    if (!base) throw new Error(`nothing was measured of ${database} without Tidings`)
    return {
      database,
      name,
      oneMs: rounded(median(one)),
      one: roundedSpread(pairedRatios(one, base.one)),
      manyMs: rounded(median(many)),
      many: roundedSpread(pairedRatios(many, base.many)),
      delay: name === 'nobody' ? null : { p50: shareOf(delays, 0.5), p99: shareOf(delays, 0.99) },
    }
  })
}

/** The share of all delays, and the least and the most that a round has of it. */
function shareOf(delays: readonly (readonly number[])[], share: number): Spread {
  const ofRounds = delays.map((each) => shareAt(each, share))
  return roundedSpread({
    median: shareAt(delays.flat(), share),
    min: Math.min(...ofRounds),
    max: Math.max(...ofRounds),
  })
}

function shareAt(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((one, other) => one - other)
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] ?? Number.NaN
}

/** Three digits say all that such a figure is good for. */
const rounded = (value: number): number => Number(value.toPrecision(3))

const roundedSpread = ({ median: middle, min, max }: Spread): Spread => ({
  median: rounded(middle),
  min: rounded(min),
  max: rounded(max),
})
