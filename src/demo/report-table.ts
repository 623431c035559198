import { styleText } from 'node:util'
import type { CopyOutcome, RunOutcome } from './demo-run.ts'
import { grouped, tableLines } from '../base/text-table.ts'
import { shownMs } from './latency.ts'

/** Differences named one by one at most. */
const maxNamed = 5

const header = [
  'DATA SERVER',
  'ROWS',
  'DIFFERENT',
  'READ',
  'UPDATES',
  'DELIVERIES',
  'LOSSES',
  'P50 MS',
  'P99 MS',
]

/** What came of the demonstration, for people. */
export function outcomeText(
  { database, copies, unconfirmed }: RunOutcome,
  seconds: number,
  stream: NodeJS.WriteStream,
): string {
  const [titles = '', ...rows] = tableLines(header, copies.map(cells))
  const prices = `${grouped(database.DAILY_PRICE.length)} prices`
  const summaries = `${grouped(database.MONTHLY_SUMMARY.length)} summaries`
  return [
    `Each copy against the database (${prices}, ${summaries}), row by row:`,
    '',
    styleText('dim', titles, { stream }),
    ...rows,
    '',
    ...copies.flatMap(named),
    ...unconfirmed.map((who) => `not confirmed in time by ${who}`),
    verdict(copies, seconds, stream),
    '',
  ].join('\n')
}

export const isEqual = (copies: readonly CopyOutcome[]): boolean =>
  copies.every(({ differences }) => differences.length === 0)

function cells({ name, host, rows, figures, differences }: CopyOutcome) {
  const { read, updates, deliveries, losses, p50Ms, p99Ms } = figures
  const latency = [shownMs(p50Ms), shownMs(p99Ms)]
  return [
    `${name} on ${host}`,
    rows,
    differences.length,
    read,
    updates,
    deliveries,
    losses,
    ...latency,
  ]
}

function named({ name, host, differences }: CopyOutcome): string[] {
  const lines = differences
    .slice(0, maxNamed)
    .map(({ table, key, what }) => `${name} on ${host}: ${table} ${key} is ${what}`)
  const more = differences.length - lines.length
  return more > 0 ? [...lines, `${name} on ${host}: and ${grouped(more)} more`] : lines
}

function verdict(
  copies: readonly CopyOutcome[],
  seconds: number,
  stream: NodeJS.WriteStream,
): string {
  const took = `in ${seconds.toFixed(1)} s`
  if (isEqual(copies)) {
    const equal = styleText(['bold', 'green'], 'equal', { stream })
    return `${equal}: both copies are what the database is, ${took}`
  }
  const different = styleText(['bold', 'red'], 'different', { stream })
  return `${different}: a copy is not what the database is, ${took}`
}
