/**
 * `npm run live`: processes that write the same rows of a real database, which are killed now and then, as are those that read,
 * GENESIS_CLUSTER and the server of the database, and a program that does not publish; whenever all is quiet each live table has to
 * be what the database is, row by row. Ends with 1 where one is not.
 */
import { writeFileSync } from 'node:fs'
import { Option } from 'commander'
import { amount, count, instrument, seedNumber } from '../../../src/testing/instrument.ts'
import { childrenLogs, endChildren } from '../../harness/child.ts'
import { LiveRun } from './live-run.ts'
import { liveDatabases, type LiveDatabaseName } from './live-setup.ts'

const names = Object.keys(liveDatabases) as LiveDatabaseName[]
const { naive, seconds, json, ...values } = instrument(
  'live',
  'Live tables beside a real database: writers of the same rows, of which some are killed, as are readers, GENESIS_CLUSTER and the server of the database, and a program that does not publish.',
)
  .addOption(new Option('--database <name>').choices(names).default('sqlite'))
  .option('--commits <n>', 'transactions in all', count, 4000)
  .option('--writers <n>', 'processes that publish what they commit', count, 4)
  .option('--readers <n>', 'processes with live tables', count, 2)
  .option('--seed <n>', 'decides what is written and who is killed', seedNumber, 1)
  .option(
    '--seconds <s>',
    'how long a live table may take to be equal when all is quiet',
    amount,
    60,
  )
  .option('--naive', 'in place of live tables apply what comes as it comes: has to fail', false)
  .option('--json <file>', 'leave the result there')
  .parse()
  .opts<{
    database: LiveDatabaseName
    commits: number
    writers: number
    readers: number
    seed: number
    seconds: number
    naive: boolean
    json?: string
  }>()

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

try {
  const outcome = await new LiveRun({
    ...values,
    isNaive: naive,
    equalWithinMs: seconds * 1000,
    say: console.log,
  }).run()
  console.log(outcome)
  if (json !== undefined) writeFileSync(json, JSON.stringify({ ...values, ...outcome }, null, 2))
  if (outcome.differences.length > 0) process.exitCode = 1
} catch (error) {
  console.error(`${(error as Error).stack}\n${childrenLogs()}`)
  process.exitCode = 1
} finally {
  await endChildren()
}
