/**
 * `npm run bars`: machines with networks of their own that lose, block or shorten datagrams, are cut off, move or start
 * again, under 5,000 updates a second. Ends with 1 if anything was lost in silence or told lost without need, or a figure
 * is beyond five times its bar.
 */
import { Option } from 'commander'
import { amount, instrument } from '../../../src/testing/instrument.ts'
import type { Shape } from '../../harness/definition-file.ts'
import { isLinked, multicastShapes, shapes } from '../../harness/definition-file.ts'
import type { Demand, RowResult } from '../faults/fault-row.ts'
import { isMet } from '../faults/fault-row.ts'
import { allPassed, runRows, writeRows } from '../faults/run-rows.ts'
import { barRow, updatesPerSecond } from './bar-run.ts'
import { bars } from './bar.ts'

const ids = bars.map(({ id }) => id)
const linked = [...shapes, ...multicastShapes].filter(isLinked)
const { only, shape, seconds, json } = instrument(
  'bars',
  `Three machines with networks of their own under ${updatesPerSecond} updates a second, each put under something. Ends with 1 if anything was lost in silence or told lost without need, or a figure is beyond five times its bar.`,
)
  .addOption(new Option('--only <ids...>', 'some of them').choices(ids).default(ids, 'all'))
  .addOption(
    new Option('--shape <shapes...>', 'some of them').choices(linked).default(linked, 'all'),
  )
  .option('--seconds <n>', 'in which rate and latency are measured', amount, 10)
  .option(
    '--json <file>',
    'leave the result there; with --only or --shape, in place of those rows of it',
  )
  .parse()
  .opts<{
    only: readonly string[]
    shape: readonly Shape[]
    seconds: number
    json?: string
  }>()

const every = bars.flatMap((bar) => bar.shapes.map((each) => ({ bar, shape: each })))
const wanted = every.filter((each) => only.includes(each.bar.id) && shape.includes(each.shape))
const rowOf = (each: (typeof every)[number]) => barRow(each.bar, each.shape, seconds)

/** A line of the table for each thing that is demanded. */
const lines = ({ id, violations, demands }: RowResult) => [
  line(id, 'lost in silence, twice, torn or out of order', `${violations}`, '0', violations === 0),
  ...demands.map((demand) => demandLine(id, demand)),
]

function demandLine(id: string, demand: Demand) {
  const { what, unit, measured, asked, bound } = demand
  const text = (value: number) => `${Number(value.toPrecision(3)).toLocaleString('en')} ${unit}`
  const sign = bound === 'most' ? '≤' : '≥'
  return line(id, what, text(measured), `${sign} ${text(asked)}`, isMet(demand, asked))
}

const line = (bar: string, what: string, measured: string, demanded: string, met: boolean) => ({
  bar,
  what,
  measured,
  demanded,
  met: met ? 'yes' : 'NO',
})

const run = await runRows(wanted.map(rowOf), { scale: 1 })
if (json !== undefined)
  writeRows(run.results, {
    file: json,
    instrument: 'bars',
    command: `npm run bars -- --seconds ${seconds}`,
    order: every.map((each) => rowOf(each).id),
    isPart: wanted.length < every.length,
  })
console.table(run.results.flatMap(lines))
if (run.broken.length > 0) console.log(`not run to the end: ${run.broken.join(', ')}`)
process.exitCode = allPassed(run) ? 0 : 1
