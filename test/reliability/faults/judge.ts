import { RangeSet } from '../../../src/base/range-set.ts'
import type { Recorded, RecordedLoss, RecordedStream } from './recorder.ts'

/** What an application published of one stream: 1 … `last`; owed to a subscriber after `after`. */
export interface PublishedStream {
  readonly incarnation: string
  readonly table: string
  readonly last: number
  readonly after?: number
}

/** Set arithmetic over what was published and what was given; everything but the first two is a fault. */
export interface Verdict {
  /** Updates that the applications were given. */
  deliveries: number
  /** Updates owed that did not come and lie in a loss that was told. */
  reported: number
  /** Updates owed that did not come, and nobody was told. */
  silent: number
  duplicates: number
  outOfOrder: number
  /** Other content than was published under this number, or a number that was never published. */
  wrong: number
  torn: number
  /** Updates delivered although they lie in a loss with an end. */
  contradicted: number
}

export const noVerdict = (): Verdict => ({
  deliveries: 0,
  reported: 0,
  silent: 0,
  duplicates: 0,
  outOfOrder: 0,
  wrong: 0,
  torn: 0,
  contradicted: 0,
})

export function addVerdicts(...verdicts: readonly Verdict[]): Verdict {
  const sum = noVerdict()
  for (const verdict of verdicts)
    for (const name of Object.keys(sum) as (keyof Verdict)[]) sum[name] += verdict[name]
  return sum
}

/** What the delivery contract forbids. */
export const violations = (verdict: Verdict): number =>
  verdict.silent +
  verdict.duplicates +
  verdict.outOfOrder +
  verdict.wrong +
  verdict.torn +
  verdict.contradicted

/** Judges one subscription. `published`: all streams of its tables. */
export function judge(published: readonly PublishedStream[], recorded: Recorded): Verdict {
  const verdict = { ...noVerdict(), torn: recorded.torn }
  const given = new Map(recorded.streams.map((stream) => [keyOf(stream), stream]))
  const known = new Set(published.map(keyOf))
  for (const stream of published) {
    const told = toldOf(stream, recorded.losses)
    const { ranges } = given.get(keyOf(stream)) ?? { ranges: [] }
    const here = new RangeSet()
    for (const { from, to } of ranges) here.add(from, to)
    verdict.contradicted += overlap(told.exact, here, stream.last)
    for (const gap of missing(here, (stream.after ?? 0) + 1, stream.last)) {
      const reported = covered(told.all, gap.from, gap.to)
      verdict.reported += reported
      verdict.silent += gap.to - gap.from + 1 - reported
    }
    verdict.wrong += ranges.reduce((sum, { to }) => sum + Math.max(0, to - stream.last), 0)
  }
  for (const stream of recorded.streams) {
    verdict.deliveries += stream.deliveries
    verdict.duplicates += stream.duplicates
    verdict.outOfOrder += stream.outOfOrder
    verdict.wrong += stream.wrong
    if (!known.has(keyOf(stream))) verdict.wrong += stream.deliveries
  }
  return verdict
}

const keyOf = ({ incarnation, table }: Pick<RecordedStream, 'incarnation' | 'table'>): string =>
  `${incarnation} ${table}`

/** The ranges told lost. An open one holds until its end is told, and then only up to there. */
function toldOf(stream: PublishedStream, losses: readonly RecordedLoss[]) {
  const exact = new RangeSet()
  let openFrom: number | null = null
  for (const { table, publisher, from, to, ends } of losses) {
    if (table !== null && table !== stream.table) continue
    if (publisher !== null && publisher.incarnation !== stream.incarnation) continue
    if (to === null) openFrom = Math.min(openFrom ?? Infinity, from ?? 1)
    else {
      exact.add(from ?? 1, to)
      if (ends) openFrom = null
    }
  }
  const all = new RangeSet()
  for (const { from, to } of exact) all.add(from, to)
  if (openFrom !== null) all.add(openFrom, Infinity)
  return { exact, all }
}

function missing(here: RangeSet, from: number, to: number): { from: number; to: number }[] {
  const gaps = new RangeSet()
  gaps.add(from, to)
  for (const range of here) gaps.remove(range.from, range.to)
  return [...gaps]
}

const covered = (told: RangeSet, from: number, to: number): number => {
  let count = 0
  for (const range of told)
    count += Math.max(0, Math.min(range.to, to) - Math.max(range.from, from) + 1)
  return count
}

function overlap(exact: RangeSet, here: RangeSet, last: number): number {
  let count = 0
  for (const { from, to } of here) count += covered(exact, from, Math.min(to, last))
  return count
}
