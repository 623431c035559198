import { expect } from 'vitest'
import type { Loss } from '../../src/model/loss.ts'
import type { Published, Report } from '../harness/application-message.ts'

/** Nothing twice, out of order, torn, other than published, or passed over without a word. */
export function expectNothingWrong(report: Report): void {
  const faults = report.streams.filter(
    ({ duplicates, outOfOrder, wrong, missing }) => duplicates + outOfOrder + wrong + missing > 0,
  )
  expect({ faults, torn: report.torn }).toEqual({ faults: [], torn: 0 })
}

/** What is told of a publisher that was not heard for 10 s and then is, where nothing of it is lost: an open loss, and its end. */
function lastingLosses(losses: readonly Loss[]): Loss[] {
  // The one in any table begins at no number, and ends as from 1 to 0.
  const nameOf = ({ table, publisher, from }: Loss) =>
    JSON.stringify([table, publisher?.incarnation, table === null ? null : from])
  const ended = new Set(
    losses.filter(({ ends, from, to }) => ends && to === Number(from) - 1).map(nameOf),
  )
  return losses.filter((loss) => !ended.has(nameOf(loss)) || (loss.to !== null && !loss.ends))
}

/** All that a process has published, from its first update to its last, and no loss. */
export function expectAllOf(report: Report, process: string, published: Published): void {
  expect(report.losses).toEqual([])
  expectAllInTheEnd(report, process, published)
}

/**
 * The same of a process whose node was started again: on a busy machine that takes longer than the 10 s after which who
 * is not heard leaves open losses, which have to end with nothing lost.
 */
export function expectAllInTheEnd(report: Report, process: string, published: Published): void {
  expectNothingWrong(report)
  expect(lastingLosses(report.losses)).toEqual([])
  const streams = report.streams.filter((stream) => stream.process === process)
  const ranges = streams.map(({ table, first, last }) => [table, { first, last }] as const)
  const expected = Object.entries(published).map(([table, last]) => [table, { first: 1, last }])
  expect(Object.fromEntries(ranges)).toEqual(Object.fromEntries(expected))
}

export const sum = (published: Published) => published.TRADE + published.POSITION
