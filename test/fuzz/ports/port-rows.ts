import { endChildren } from '../../harness/child.ts'
import type { FaultRow, RowResult } from '../../reliability/faults/fault-row.ts'
import { rowResult } from '../../reliability/faults/fault-row.ts'
import type { ResultRow } from '../../reliability/result.ts'
import { strangersAtPorts } from './f17-strangers.ts'
import { heldPorts } from './f18-held-ports.ts'

const figures = ({ demands }: RowResult): string =>
  demands
    .map(
      ({ what, unit, measured, asked }) =>
        `${what} ${Math.round(measured)} ${unit} (asked: ${asked})`,
    )
    .join('; ')

async function runRow(row: FaultRow, scale: number): Promise<RowResult> {
  const began = performance.now()
  try {
    return rowResult(row, await row.run({ scale }), (performance.now() - began) / 1000)
  } finally {
    await endChildren()
  }
}

function resultRow(result: RowResult): ResultRow {
  const { id, fault, how, injected, verdict, healP50Ms, healP99Ms, violations, passed } = result
  return {
    id,
    fault,
    injected: how,
    times: injected,
    deliveries: verdict.deliveries,
    silent: violations,
    reported: verdict.reported,
    falseLosses: verdict.reported,
    healP50Ms,
    healP99Ms,
    figure: figures(result),
    met: passed,
  }
}

/** F17 and F18 on a real cluster. `scale`: 1 is the figures of the demand. */
export async function runPorts(scale: number): Promise<ResultRow[]> {
  const rows: ResultRow[] = []
  for (const row of [strangersAtPorts, heldPorts]) rows.push(resultRow(await runRow(row, scale)))
  return rows
}
