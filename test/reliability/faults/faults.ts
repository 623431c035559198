/**
 * `npm run faults`: the fault matrix on real processes, judged from outside. Ends with 1 if anything
 * was lost in silence, doubled, out of order or torn, or a figure is beyond its limit.
 */
import { amount, instrument } from '../../../src/testing/instrument.ts'
import { printSummary } from './row-text.ts'
import { rows } from './rows.ts'
import { allPassed, runRows, writeRows } from './run-rows.ts'

const order = rows.map(({ id }) => id)
const command = instrument(
  'faults',
  'The fault matrix on real processes, each row with the figure asked for. Ends with 1 if anything was lost in silence or a figure is beyond its limit.',
)
  .option('--only <ids>', `some of ${order.join(',')}`)
  .option('--except <ids>', 'all but these')
  .option('--scale <factor>', 'how often and how long: 1 is what is asked for', amount, 1)
  .option(
    '--json <file>',
    'leave the result there; with --only or --except, in place of those rows of it',
  )
const { scale, json, only, except } = command
  .parse()
  .opts<{ only?: string; except?: string; scale: number; json?: string }>()

/** The ids of an option; ends the command where there is no such row. */
function idsOf(text: string): string[] {
  const ids = text.split(',').map((id) => id.trim().toUpperCase())
  const unknown = ids.filter((id) => !order.includes(id))
  if (unknown.length > 0)
    command.error(`error: no row ${unknown.join(', ')}; there are ${order.join(',')}`)
  return ids
}

const named = idsOf(only ?? order.join(','))
const leftOut = except === undefined ? [] : idsOf(except)
const wanted = rows.filter(({ id }) => named.includes(id) && !leftOut.includes(id))
if (wanted.length === 0) command.error('error: --only and --except leave no row to run')

const run = await runRows(wanted, { scale })
if (json !== undefined)
  writeRows(run.results, {
    file: json,
    instrument: 'faults',
    command: `npm run faults -- --scale ${scale}`,
    order,
    isPart: wanted.length < rows.length,
  })
printSummary(run.results, run.broken)
process.exitCode = allPassed(run) ? 0 : 1
