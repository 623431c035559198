import { existsSync } from 'node:fs'
import { childrenLogs, endChildren } from '../../harness/child.ts'
import { available } from '../../harness/tools.ts'
import type { Instrument } from '../result.ts'
import { readResult, writeResult } from '../result.ts'
import { type FaultRow, rowResult, type RowOptions, type RowResult } from './fault-row.ts'
import { machine } from './machine.ts'
import { asResultRow, printRow } from './row-text.ts'

/** What became of rows that were run one behind the other. */
export interface RowsRun {
  readonly results: readonly RowResult[]
  /** Rows that were not run to their end. */
  readonly broken: readonly string[]
}

/** Runs each of the rows that this machine allows, and prints it; the processes that it started are ended behind it. */
export async function runRows(rows: readonly FaultRow[], options: RowOptions): Promise<RowsRun> {
  const results: RowResult[] = []
  const broken: string[] = []
  for (const row of rows) {
    if (!available(`${row.id}, ${row.fault}`, ...(row.needs ?? []))) continue
    try {
      const result = await runRow(row, options)
      results.push(result)
      printRow(result)
    } catch (error) {
      broken.push(row.id)
      console.error(`${row.id}: ${(error as Error).stack}`)
    }
  }
  return { results, broken }
}

async function runRow(row: FaultRow, options: RowOptions): Promise<RowResult> {
  const began = performance.now()
  try {
    const measured = await row.run(options)
    return rowResult(row, measured, (performance.now() - began) / 1000)
  } catch (error) {
    console.error(childrenLogs())
    throw error
  } finally {
    await endChildren()
  }
}

/** Where results of rows are left, and what is said of them. */
export interface RowsFile {
  readonly file: string
  readonly instrument: Instrument
  /** What repeats them. */
  readonly command: string
  /** All ids that there are, in their order. */
  readonly order: readonly string[]
  /** Only some rows were run: the others stay as they are in the file. */
  readonly isPart: boolean
}

export function writeRows(results: readonly RowResult[], to: RowsFile): void {
  if (results.length === 0) return
  const { file, instrument, command, order } = to
  const fresh = new Map(results.map((result) => [result.id, asResultRow(result)]))
  const before = to.isPart && existsSync(file) ? readResult(file) : null
  const others = before?.rows.filter(({ id }) => !fresh.has(id)) ?? []
  writeResult(file, {
    instrument,
    command,
    at: new Date().toISOString(),
    machine: machine(),
    seconds: results.reduce((sum, { seconds }) => sum + seconds, before?.seconds ?? 0),
    rows: [...others, ...fresh.values()].toSorted(
      (one, other) => order.indexOf(one.id) - order.indexOf(other.id),
    ),
  })
}

/** Whether nothing is wrong and no figure is beyond its limit. */
export const allPassed = ({ results, broken }: RowsRun): boolean =>
  broken.length === 0 && results.every(({ passed }) => passed)
