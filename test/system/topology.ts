/** `npm run topology`: the four shapes under load, with every delivery judged; ends with 1 if one is wrong. */
import { parseArgs } from 'node:util'
import { childrenLogs, endChildren } from '../harness/child.ts'
import type { Shape } from '../harness/definition-file.ts'
import { isRelay, shapes } from '../harness/definition-file.ts'
import { maxNodes } from '../harness/loopback.ts'
import type { TopologyResult } from './topology-run.ts'
import { runTopology } from './topology-run.ts'

const { values } = parseArgs({
  options: {
    updates: { type: 'string', default: '100000' },
    shape: { type: 'string', multiple: true },
  },
})
const updates = Number(values.updates)
const chosen = (values.shape ?? shapes) as Shape[]

function isRight(result: TopologyResult): boolean {
  const { deliveries, expectedDeliveries, duplicates, outOfOrder, wrong, torn, lost } = result
  return deliveries === expectedDeliveries && duplicates + outOfOrder + wrong + torn + lost === 0
}

const rows: TopologyResult[] = []
for (const shape of chosen) {
  if (isRelay(shape) && maxNodes < 3) {
    console.log(`${shape}: not run, this system has one loopback address`)
    continue
  }
  try {
    const row = await runTopology(shape, updates)
    rows.push({ ...row, seconds: Math.round(row.seconds * 100) / 100 })
  } catch (error) {
    console.error(childrenLogs())
    throw error
  } finally {
    await endChildren()
  }
}
console.table(rows)
process.exitCode = rows.every(isRight) ? 0 : 1
