/**
 * `npm run faults`: the fault matrix on real processes, judged from outside. Ends with 1 if anything
 * was lost in silence, doubled, out of order or torn, or a figure is beyond its limit.
 */
import { parseArgs } from 'node:util'
import { writeResult } from '../result.ts'
import { machine } from './machine.ts'
import { childrenLogs, endChildren } from '../../harness/child.ts'
import type { FaultRow, RowResult } from './fault-row.ts'
import { rowResult } from './fault-row.ts'
import { rows } from './rows.ts'
import { asResultRow, printRow, printSummary } from './row-text.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    scale: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
})
const scale = Number(values.scale)
const wanted = values.only?.split(',').map((id) => id.trim().toUpperCase())
const unknown = wanted?.filter((id) => !rows.some((row) => row.id === id)) ?? []
if (!(scale > 0) || unknown.length > 0) {
  const known = rows.map(({ id }) => id).join(',')
  console.error(`usage: faults [--only ${known}] [--scale 1] [--json FILE]`)
  process.exit(2)
}

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
  try {
    const result = await run(row)
    results.push(result)
    printRow(result)
  } catch (error) {
    broken.push(row.id)
    console.error(`${row.id}: ${(error as Error).stack}`)
  }
}
if (values.json !== undefined && results.length > 0)
  writeResult(values.json, {
    instrument: 'faults',
    command: `npm run faults -- --scale ${scale}${values.only === undefined ? '' : ` --only ${values.only}`}`,
    at: new Date().toISOString(),
    machine: machine(),
    seconds: results.reduce((sum, { seconds }) => sum + seconds, 0),
    rows: results.map(asResultRow),
  })
printSummary(results, broken)
process.exitCode = broken.length === 0 && results.every(({ passed }) => passed) ? 0 : 1
