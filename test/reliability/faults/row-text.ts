import type { ResultRow } from '../result.ts'
import type { Demand, RowResult } from './fault-row.ts'
import { isMet } from './fault-row.ts'

const figure = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString('en') : value.toPrecision(3)

const time = (ms: number | null): string => (ms === null ? '–' : `${Math.round(ms)} ms`)

function demandText(demand: Demand): string {
  const { what, unit, measured, asked, limit, bound } = demand
  const sign = bound === 'most' ? '≤' : '≥'
  const verdict = isMet(demand, asked)
    ? 'met'
    : isMet(demand, limit)
      ? 'NOT met, within limit'
      : 'FAILED'
  const asserted = limit === asked ? '' : `, asserted ${sign} ${figure(limit)}`
  return `    ${what}: ${figure(measured)} ${unit} (${sign} ${figure(asked)}${asserted}): ${verdict}`
}

/** As all instruments write their rows. */
export function asResultRow(row: RowResult): ResultRow {
  const { id, fault, how: injected, injected: times, verdict, healP50Ms, healP99Ms, met } = row
  return {
    id,
    fault,
    injected,
    times,
    deliveries: verdict.deliveries,
    silent: row.violations,
    reported: verdict.reported,
    falseLosses: null,
    healP50Ms,
    healP99Ms,
    figure: row.demands.map((demand) => demandText(demand).trim()).join('; '),
    met,
  }
}

export function printRow(row: RowResult): void {
  const { verdict } = row
  const word = row.passed ? (row.met ? 'met' : 'passed, not all met') : 'FAILED'
  console.log(`${row.id}  ${row.fault}: ${word} (${row.seconds.toFixed(0)} s)`)
  console.log(`    injected ${figure(row.injected)} times: ${row.how}`)
  console.log(
    `    deliveries ${figure(verdict.deliveries)}, silent losses ${verdict.silent}, reported losses ${figure(verdict.reported)}, ` +
      `duplicates ${verdict.duplicates}, out of order ${verdict.outOfOrder}, torn ${verdict.torn}, wrong ${verdict.wrong}, ` +
      `delivered and lost ${verdict.contradicted}`,
  )
  console.log(`    time to heal: p50 ${time(row.healP50Ms)}, p99 ${time(row.healP99Ms)}`)
  for (const demand of row.demands) console.log(demandText(demand))
  for (const note of row.notes) console.log(`    ${note}`)
}

export function printSummary(rows: readonly RowResult[], broken: readonly string[]): void {
  console.table(
    Object.fromEntries(
      rows.map(({ id, injected, verdict, healP50Ms, healP99Ms, met, passed, ...row }) => [
        id,
        {
          injected,
          deliveries: verdict.deliveries,
          silent: verdict.silent,
          reported: verdict.reported,
          violations: row.violations,
          'heal p50': time(healP50Ms),
          'heal p99': time(healP99Ms),
          met,
          passed,
        },
      ]),
    ),
  )
  const failed = broken.length + rows.filter(({ passed }) => !passed).length
  if (broken.length > 0) console.log(`not run to the end: ${broken.join(', ')}`)
  console.log(`${rows.length + broken.length - failed} rows passed, ${failed} failed`)
}
