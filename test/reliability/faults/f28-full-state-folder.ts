import { execFileSync } from 'node:child_process'
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cleanUp } from '../../harness/clean-up.ts'
import { eventually } from '../../harness/eventually.ts'
import { Network } from '../../harness/network.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { closeScripts } from './closing-scripts.ts'
import { addMeasured, type FaultRow, type Measured } from './fault-row.ts'
import { monotonicMs } from './order.ts'
import { startQueue } from './participant.ts'
import { settled } from './settled.ts'

const table = 'SETTLEMENT'
const scripts = { table, sideBySide: 4, drainMs: 200, padding: 0 }

/** At scale 1; GENESIS_CLUSTER is killed once for each. */
const roundsWanted = 10
const scriptsARound = 20

const blockBytes = 1024

/** Fills a file system up; returns what makes room again. */
function fill(folder: string): () => void {
  const filler = join(folder, 'filler')
  try {
    for (;;) appendFileSync(filler, Buffer.alloc(blockBytes))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
  return () => rmSync(filler)
}

async function runRound(): Promise<Measured> {
  const network = new Network(2)
  const [here, there] = [network.machine(0), network.machine(1)]
  const cluster = await TestCluster.reserve('proxy+relay', 2, { machines: network.machines })
  const { state } = cluster.node(0)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tidings-full', state])
  cleanUp(() => execFileSync('umount', ['-l', state]))
  await Promise.all(cluster.nodes.map((node) => node.start()))
  const key = 'SUB'
  const participant = await startQueue(cluster, key, [], {}, 1)
  await participant.call('subscribe', { key, tables: [table] })
  const makeRoom = fill(state)
  network.cut(here, there)
  const published = await closeScripts(cluster, { ...scripts, count: scriptsARound })
  const far = cluster.node(1).child
  await eventually('the far node gives it up', () => /\bm1 is gone\b/.test(far.log))
  await cluster.node(0).end('SIGKILL')
  makeRoom()
  await cluster.node(0).start()
  for (const machine of [here, there]) machine.heal()
  const began = monotonicMs()
  const verdict = await settled({ participant, key }, published)
  return { injected: 1, verdict, healMs: [monotonicMs() - began], demands: [], notes: [] }
}

export const fullStateFolder: FaultRow = {
  id: 'F28',
  fault: 'the state folder is full while scripts end, and GENESIS_CLUSTER is killed behind it',
  how: `a tmpfs without room; the other machine cut off; ${scriptsARound} scripts publish and close; SIGKILL; room again, restart, heal`,
  needs: ['network', 'nft', 'mount'],
  async run({ scale }) {
    const rounds = Math.max(1, Math.round(roundsWanted * scale))
    const parts: Measured[] = []
    for (let round = 0; round < rounds; round += 1) parts.push(await runRound())
    return addMeasured(...parts)
  },
}
