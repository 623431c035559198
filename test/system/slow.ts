/**
 * `npm run slow`: subscribers that sleep or are slow beside a fast one, under a publisher at full speed;
 * ends with 1 if one of them is not contained. `-- --seconds 30 --per-second 100000 --json FILE`.
 */
import os from 'node:os'
import { amount, count, instrument } from '../../src/testing/instrument.ts'
import type { WhenSlow } from '../../src/index.ts'
import { childrenLogs, endChildren } from '../harness/child.ts'
import type { Shape } from '../harness/definition-file.ts'
import type { ResultRow } from '../reliability/result.ts'
import { writeResult } from '../reliability/result.ts'
import type { Sleep } from './sleeper-run.ts'
import { runSleeper } from './sleeper-run.ts'
import { sleeperRow, steadyRow } from './slow-row.ts'
import { runSteady } from './steady-run.ts'

const values = instrument(
  'slow',
  'Subscribers that sleep or are slow beside a fast one, under a publisher at full speed. Ends with 1 if one of them is not contained.',
)
  .option(
    '--seconds <n>',
    'how long they sleep; those that are slow are so four times as long',
    amount,
    30,
  )
  .option('--per-second <n>', 'updates', count, 100_000)
  .option('--json <file>', 'leave the result there')
  .parse()
  .opts<{ seconds: number; perSecond: number; json?: string }>()
const { perSecond } = values
const updates = values.seconds * perSecond
/**
 * The ones that are slow all the time, for so much longer: V8 makes room for the first 40 s (387 to
 * 471 MiB resident while conflating, then level), and what is judged is whether memory goes on growing.
 */
const steadyTimes = 4

const sleepers: readonly (readonly [Shape, Sleep, WhenSlow])[] = [
  ['mesh', 'pending', 'repair'],
  ['mesh', 'stopped', 'repair'],
  ['mesh', 'pending', 'conflate'],
  ['mesh', 'stopped', 'conflate'],
  ['proxy', 'pending', 'repair'],
  ['proxy', 'stopped', 'repair'],
]

async function judged<Outcome extends object>(
  run: Promise<Outcome>,
  row: (outcome: Outcome) => ResultRow,
): Promise<ResultRow> {
  try {
    const outcome = await run
    console.log(outcome)
    return row(outcome)
  } catch (error) {
    console.error(childrenLogs())
    throw error
  } finally {
    await endChildren()
  }
}

const began = performance.now()
const rows: ResultRow[] = []
for (const [shape, sleep, whenSlow] of sleepers) {
  const watch = { whenSlow, key: 'INSTRUMENT' } as const
  rows.push(await judged(runSleeper({ shape, sleep, watch, updates, perSecond }), sleeperRow))
}
for (const whenSlow of ['repair', 'conflate', 'fail'] as const)
  rows.push(
    await judged(runSteady({ whenSlow, updates: steadyTimes * updates, perSecond }), steadyRow),
  )
console.table(
  rows.map(({ id, silent, reported, healP50Ms, figure, met }) => ({
    id,
    silent,
    reported,
    healP50Ms,
    figure,
    met,
  })),
)
if (values.json !== undefined)
  writeResult(values.json, {
    instrument: 'faults',
    command: `npm run slow -- --seconds ${values.seconds} --per-second ${perSecond}`,
    at: new Date().toISOString(),
    machine: `${os.availableParallelism()} cores, Node ${process.versions.node}`,
    seconds: Math.round((performance.now() - began) / 1000),
    rows,
  })
process.exitCode = rows.every(({ met }) => met) ? 0 : 1
