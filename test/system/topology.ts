/** `npm run topology`: the four shapes under load, with every delivery judged; ends with 1 if one is wrong. */
import { Option } from 'commander'
import { count, instrument } from '../../src/testing/instrument.ts'
import { childrenLogs, endChildren } from '../harness/child.ts'
import type { Shape } from '../harness/definition-file.ts'
import { isRelay, shapes } from '../harness/definition-file.ts'
import { maxNodes } from '../harness/loopback.ts'
import type { TopologyResult } from './topology-run.ts'
import { runTopology } from './topology-run.ts'

const values = instrument(
  'topology',
  'The four shapes under load, with every delivery judged. Ends with 1 if one is wrong.',
)
  .option('--updates <n>', 'by each publisher', count, 100_000)
  .addOption(new Option('--shape <shape...>').choices(shapes).default(shapes))
  .parse()
  .opts<{ updates: number; shape: readonly Shape[] }>()
const { updates, shape: chosen } = values

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
