/**
 * `npm run faults`: the fault matrix on real processes, judged from outside. Ends with 1 if anything
 * was lost in silence, doubled, out of order or torn, or a figure is beyond its limit.
 */
import { existsSync } from 'node:fs'
import { amount, instrument } from '../../../src/testing/instrument.ts'
import { readResult, writeResult } from '../result.ts'
import { machine } from './machine.ts'
import { childrenLogs, endChildren } from '../../harness/child.ts'
import { available } from '../../harness/tools.ts'
import type { FaultRow, RowResult } from './fault-row.ts'
import { rowResult } from './fault-row.ts'
import { rows } from './rows.ts'
import { asResultRow, printRow, printSummary } from './row-text.ts'

const known = rows.map(({ id }) => id).join(',')
const command = instrument(
  'faults',
  'The fault matrix on real processes, each row with the figure asked for. Ends with 1 if anything was lost in silence or a figure is beyond its limit.',
)
  .option('--only <ids>', `some of ${known}`)
  .option('--scale <factor>', 'how often and how long: 1 is what is asked for', amount, 1)
  .option('--json <file>', 'leave the result there; with --only, in place of those rows of it')
const values = command.parse().opts<{ only?: string; scale: number; json?: string }>()
const { scale } = values
const wanted = values.only?.split(',').map((id) => id.trim().toUpperCase())
const unknown = wanted?.filter((id) => !rows.some((row) => row.id === id)) ?? []
if (unknown.length > 0) command.error(`error: no row ${unknown.join(', ')}; there are ${known}`)

async function run(row: FaultRow): Promise<RowResult> {
  const began = performance.now()
  try {
    const measured = await row.run({ scale })
    return rowResult(row, measured, (performance.now() - began) / 1000)
  } catch (error) {
    console.error(childrenLogs())
    throw error
  } finally {
    await endChildren()
  }
}

const results: RowResult[] = []
const broken: string[] = []
for (const row of rows) {
  if (wanted && !wanted.includes(row.id)) continue
  if (!available(`${row.id}, ${row.fault}`, ...(row.needs ?? []))) continue
  try {
    const result = await run(row)
    results.push(result)
    printRow(result)
  } catch (error) {
    broken.push(row.id)
    console.error(`${row.id}: ${(error as Error).stack}`)
  }
}
if (values.json !== undefined && results.length > 0) {
  const fresh = new Map(results.map((result) => [result.id, asResultRow(result)]))
  const isPart = wanted !== undefined && existsSync(values.json)
  const before = isPart ? readResult(values.json) : null
  const others = before?.rows.filter(({ id }) => !fresh.has(id)) ?? []
  const order = rows.map(({ id }) => id)
  writeResult(values.json, {
    instrument: 'faults',
    command: `npm run faults -- --scale ${scale}`,
    at: new Date().toISOString(),
    machine: machine(),
    seconds: results.reduce((sum, { seconds }) => sum + seconds, before?.seconds ?? 0),
    rows: [...others, ...fresh.values()].toSorted(
      (one, other) => order.indexOf(one.id) - order.indexOf(other.id),
    ),
  })
}
printSummary(results, broken)
process.exitCode = broken.length === 0 && results.every(({ passed }) => passed) ? 0 : 1
