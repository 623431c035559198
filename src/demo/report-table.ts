import { styleText } from 'node:util'
import type { RunOutcome, ViewOutcome } from './demo-run.ts'
import { grouped, tableLines } from '../base/text-table.ts'
import { shownMs } from './latency.ts'

/** Differences named one by one at most. */
const maxNamed = 5

const header = [
  'LIVE TABLES OF',
  'ROWS',
  'DIFFERENT',
  'UPDATES',
  'LOSSES',
  'RESETS',
  'READS',
  'P50 MS',
  'P99 MS',
]

/** What came of the demonstration, for people. */
export function outcomeText(
  { database, views, unconfirmed }: RunOutcome,
  seconds: number,
  stream: NodeJS.WriteStream,
): string {
  const [titles = '', ...rows] = tableLines(header, views.map(cells))
  const prices = `${grouped(database.DAILY_PRICE.length)} prices`
  const summaries = `${grouped(database.MONTHLY_SUMMARY.length)} summaries`
  return [
    `Each live table against the database (${prices}, ${summaries}), row by row:`,
    '',
    styleText('dim', titles, { stream }),
    ...rows,
    '',
    ...views.flatMap(named),
    ...unconfirmed.map((who) => `not confirmed in time by ${who}`),
    verdict(views, seconds, stream),
    '',
  ].join('\n')
}

export const isEqual = (views: readonly ViewOutcome[]): boolean =>
  views.every(({ differences }) => differences.length === 0)

function cells({ name, host, rows, figures, differences }: ViewOutcome) {
  const { updates, losses, resets, reads, p50Ms, p99Ms } = figures
  const latency = [shownMs(p50Ms), shownMs(p99Ms)]
  return [
    `${name} on ${host}`,
    rows,
    differences.length,
    updates,
    losses,
    resets,
    reads,
    ...latency,
  ]
}

function named({ name, host, differences }: ViewOutcome): string[] {
  const lines = differences
    .slice(0, maxNamed)
    .map(({ table, key, what }) => `${name} on ${host}: ${table} ${key} ${what}`)
  const more = differences.length - lines.length
  return more > 0 ? [...lines, `${name} on ${host}: and ${grouped(more)} more`] : lines
}

function verdict(
  views: readonly ViewOutcome[],
  seconds: number,
  stream: NodeJS.WriteStream,
): string {
  const took = `in ${seconds.toFixed(1)} s`
  if (isEqual(views)) {
    const equal = styleText(['bold', 'green'], 'equal', { stream })
    return `${equal}: all ${views.length} views are what the database is, ${took}`
  }
  const different = styleText(['bold', 'red'], 'different', { stream })
  return `${different}: a view is not what the database is, ${took}`
}
