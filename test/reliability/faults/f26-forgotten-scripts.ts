import { maxEndedEntries } from '../../../src/cluster/roster/roster.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { closeScripts } from './closing-scripts.ts'
import { addMeasured, atLeast, type FaultRow, type Measured } from './fault-row.ts'
import { monotonicMs } from './order.ts'
import { startQueue } from './participant.ts'
import { settled } from './settled.ts'

/** Beyond those that the roster remembers; at scale 1 so many more. */
const leastForgotten = 100
const forgottenWanted = 1_000

const shortRun = 0.1

const table = 'SETTLEMENT'

/** More than the connection to the subscriber takes: what it is not given has to be told to it. */
const padding = 40_000
const scripts = { table, sideBySide: 24, drainMs: 20, padding }

async function runShape(shape: 'mesh' | 'proxy', forgotten: number): Promise<Measured> {
  const cluster = await TestCluster.start(shape, 1)
  const key = 'SLEEPER'
  const participant = await startQueue(cluster, key)
  await participant.call('subscribe', { key, tables: [table] })
  participant.child.signal('SIGSTOP')
  const count = maxEndedEntries + forgotten
  const published = await closeScripts(cluster, { ...scripts, count })
  participant.child.signal('SIGCONT')
  const began = monotonicMs()
  const verdict = await settled({ participant, key }, published)
  const { deliveries, reported } = verdict
  return {
    injected: 1,
    verdict,
    healMs: [monotonicMs() - began],
    demands: [atLeast(`${shape}: delivered or told lost`, 'scripts', deliveries + reported, count)],
    notes: [`${shape}: ${deliveries} delivered, ${reported} told lost, of ${count}`],
  }
}

export const forgottenScripts: FaultRow = {
  id: 'F26',
  fault: 'more scripts than the roster remembers end in good order while a subscriber stands still',
  how: `SIGSTOP; ${maxEndedEntries.toLocaleString('en')} scripts and more publish one update of 40 kB and close; SIGCONT; mesh and proxy`,
  async run({ scale }) {
    const forgotten = Math.max(leastForgotten, Math.round(forgottenWanted * scale))
    const parts: Measured[] = []
    // Thousands of scripts take their time: a short run has one shape of the two.
    const shapes = scale < shortRun ? (['proxy'] as const) : (['mesh', 'proxy'] as const)
    for (const shape of shapes) parts.push(await runShape(shape, forgotten))
    return addMeasured(...parts)
  },
}
