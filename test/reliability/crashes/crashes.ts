/**
 * `npm run crashes`: processes that are killed at random instants between BEGIN and publish(), for each way into the queue. Each row
 * that they have committed has to be delivered, or to lie in a loss, and none that they have not; live tables have to be what the database
 * is. Ends with 1 where that is not so.
 */
import { writeFileSync } from 'node:fs'
import { Option } from 'commander'
import { count, instrument, seedNumber } from '../../../src/testing/instrument.ts'
import { childrenLogs, endChildren } from '../../harness/child.ts'
import { type CrashOutcome, runCrashes } from './crash-run.ts'
import { type CrashWayName, crashWays } from './crash-setup.ts'

const names = Object.keys(crashWays) as CrashWayName[]
const { ways, json, ...values } = instrument(
  'crashes',
  'Processes that are killed at random instants between BEGIN and publish(): what they had committed is delivered, or lies in a loss.',
)
  .addOption(
    new Option('--ways <name...>', 'ways into the queue').choices(names).default(names, 'all'),
  )
  .option('--instants <n>', 'processes that are killed, for each way', count, 1000)
  .option('--at-once <n>', 'how many of them live at a time', count, 2)
  .option('--seed <n>', 'decides when they are killed', seedNumber, 1)
  .option('--json <file>', 'leave the result there')
  .parse()
  .opts<{
    ways: CrashWayName[]
    instants: number
    atOnce: number
    seed: number
    json?: string
  }>()

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

const outcomes: Partial<Record<CrashWayName, CrashOutcome>> = {}
for (const way of ways)
  try {
    const outcome = await runCrashes({ ...values, way, say: console.log })
    console.log(way, outcome)
    outcomes[way] = outcome
    if (outcome.violations.length > 0) process.exitCode = 1
  } catch (error) {
    console.error(`${way}: ${(error as Error).stack}\n${childrenLogs()}`)
    process.exitCode = 1
  } finally {
    await endChildren()
  }
if (json !== undefined) writeFileSync(json, JSON.stringify({ ...values, outcomes }, null, 2))
