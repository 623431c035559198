// How long after COMMIT another process has the update, through `tidings capture postgres`: a PostgreSQL, a cluster, a capture and a
// subscriber of its own. `npm run bench:capture`
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { endChildren } from '../../test/harness/child.ts'
import { CaptureStage } from '../../test/harness/capture-stage.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { count, instrument } from '../../src/testing/instrument.ts'

/** From one commit to the next, milliseconds: each is answered before the next one begins. */
const pauseMs = 5

const { commits } = instrument(
  'bench:capture',
  'The delay from the answer to COMMIT until another process has the update, through a capture of PostgreSQL.',
)
  .option('--commits <n>', 'commits of one row', count, 2000)
  .parse()
  .opts<{ commits: number }>()

/** Milliseconds after the answer to COMMIT, in order. Below zero: it came before the answer. */
async function delays(): Promise<number[]> {
  await using stage = await CaptureStage.open('create table tick (id int primary key)')
  await stage.startCapture('--tables', 'tick')
  const listener = stage.cluster.program([join(import.meta.dirname, 'listener.ts')])
  await listener.prints(/^ready$/)
  const answered = new Map<number, bigint>()
  for (let id = 1; id <= commits; id++) {
    await stage.query('insert into tick values ($1)', [id])
    answered.set(id, process.hrtime.bigint())
    await pause(pauseMs)
  }
  await eventually('all have come', () => listener.lines.length > commits)
  const heard = listener.lines.slice(1).map((line) => line.split(' '))
  return heard
    .map(([id, at]) => Number(BigInt(at ?? 0) - (answered.get(Number(id)) ?? 0n)) / 1e6)
    .toSorted((one, other) => one - other)
}

try {
  const all = await delays()
  const at = (share: number): string =>
    (all[Math.min(Math.floor(share * all.length), all.length - 1)] ?? Number.NaN).toFixed(2)
  console.log(
    `${all.length} commits; milliseconds from the answer to COMMIT until another process has the update:`,
  )
  console.log(`median ${at(0.5)}, 90 % ${at(0.9)}, 99 % ${at(0.99)}, most ${at(1)}`)
} finally {
  await endChildren()
}
