import { expect } from 'vitest'
import type { Published, Report } from '../harness/application-message.ts'

/** Nothing twice, out of order, torn, other than published, or passed over without a word. */
export function expectNothingWrong(report: Report): void {
  const faults = report.streams.filter(
    ({ duplicates, outOfOrder, wrong, missing }) => duplicates + outOfOrder + wrong + missing > 0,
  )
  expect({ faults, torn: report.torn }).toEqual({ faults: [], torn: 0 })
}

/** All that a process has published, from its first update to its last, and no loss. */
export function expectAllOf(report: Report, process: string, published: Published): void {
  expectNothingWrong(report)
  expect(report.losses).toEqual([])
  const streams = report.streams.filter((stream) => stream.process === process)
  const ranges = streams.map(({ table, first, last }) => [table, { first, last }] as const)
  const expected = Object.entries(published).map(([table, last]) => [table, { first: 1, last }])
  expect(Object.fromEntries(ranges)).toEqual(Object.fromEntries(expected))
}

export const sum = (published: Published) => published.TRADE + published.POSITION
