import { join } from 'node:path'
import { eventually, patienceMs } from '../../harness/eventually.ts'
import { scratchDirectory } from '../../harness/scratch.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import type { OpenOptions } from '../../../src/index.ts'
import { addMeasured, atLeast, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { addVerdicts, judge, type PublishedStream, type Verdict } from './judge.ts'
import { monotonicMs } from './order.ts'
import type { Changed, ChangerCalls } from './processes/changer.ts'
import type { CopierCalls } from './processes/copier.ts'
import { Remote } from './remote.ts'
import { RowDatabase, type RowState } from './row-database.ts'

/** Runs at scale 1, and at least, of each shape; behind each of them every copy is held against the database. */
const runsWanted = 100
const leastRuns = 5

/** Of each publisher in each run. */
const transactions = 100
const publishers = ['POOL_A', 'POOL_B', 'POOL_C']

/** Milliseconds that each takes for a delivery; one takes nothing until a run is over. */
const subscribers = { FAST: 0, SLOW: 5, HELD: 0 }
const waitedMs = 60_000

/** Rows that are shown: a fault of all rows is one finding. */
const fewest = 3

class Copier {
  readonly remote: Remote<CopierCalls>
  readonly name: string

  constructor(name: string) {
    this.name = name
    this.remote = new Remote<CopierCalls>(name, 'copier.ts')
  }

  /** Rows that are not as the database has them, when all has come: alone, or folded. */
  async wrongRows(published: readonly PublishedStream[], truth: readonly RowState[]) {
    const isWhole = async () => (await this.judged(published)).silent === 0
    await eventually(`${this.name} has all`, isWhole, waitedMs).catch(() => undefined)
    const copy = new Map((await this.remote.call('copy')).map((row) => [row.ID, row]))
    return truth.flatMap((row) => {
      const held = copy.get(row.ID)
      if (held?.version === row.version && held.isThere === row.isThere) return []
      return `${this.name} ends with ${held ? text(held) : `no ${row.ID}`}; the database has ${text(row)}`
    })
  }

  async judged(published: readonly PublishedStream[]): Promise<Verdict> {
    const verdict = judge(published, await this.remote.call('recorded'))
    const { updates, folded, wrong } = await this.remote.call('counts')
    return { ...verdict, deliveries: updates + folded, wrong: verdict.wrong + wrong }
  }
}

const text = ({ ID, version, isThere }: RowState): string =>
  `${ID} ${isThere ? 'at' : 'deleted by'} version ${version}`

type Shape = 'mesh' | 'proxy+relay'

async function start(shape: Shape) {
  const nodes = shape === 'mesh' ? 1 : 2
  const cluster = await TestCluster.start(shape, nodes)
  const optionsOf = (name: string, node: number): OpenOptions => {
    const { definition } = cluster
    const { host } = cluster.node(node)
    return { process: name, definition, host, clusterTimeoutMs: patienceMs }
  }
  const copiers = await Promise.all(
    Object.entries(subscribers).map(async ([name, deliveryMs]) => {
      const copier = new Copier(name)
      await copier.remote.call('open', { options: optionsOf(name, nodes - 1), deliveryMs })
      return copier
    }),
  )
  const file = join(scratchDirectory(), 'rows.sqlite')
  const database = new RowDatabase(file)
  database.begin()
  const changers = await Promise.all(
    publishers.map(async (name) => {
      const changer = new Remote<ChangerCalls>(name, 'changer.ts')
      await changer.call('open', { options: optionsOf(name, 0), file })
      return changer
    }),
  )
  return { copiers, changers, database }
}

async function runShape(shape: Shape, runs: number): Promise<Measured> {
  const { copiers, changers, database } = await start(shape)
  const held = (copiers.find(({ name }) => name === 'HELD') as Copier).remote
  const healMs: number[] = []
  const wrong: string[] = []
  let published: readonly Changed[] = []
  for (let run = 1; run <= runs; run += 1) {
    await held.call('hold')
    published = await Promise.all(changers.map((each) => each.call('change', transactions)))
    await held.call('release')
    const began = monotonicMs()
    const { rows } = database
    const found = await Promise.all(copiers.map((copier) => copier.wrongRows(published, rows)))
    healMs.push(monotonicMs() - began)
    wrong.push(...found.flat().map((what) => `${shape}, run ${run}: ${what}`))
  }
  database.close()
  const verdict = addVerdicts(...(await Promise.all(copiers.map((each) => each.judged(published)))))
  const all = published.reduce((sum, { last }) => sum + last, 0)
  const { folded } = await held.call('counts')
  return {
    injected: published.reduce((sum, { late }) => sum + late, 0),
    // The newest change of such a row is owed, did not come, and nobody was told.
    verdict: { ...verdict, silent: verdict.silent + wrong.length },
    healMs,
    demands: [
      atMost(`${shape}: told lost, though nothing failed`, 'updates', verdict.reported, 0),
      atLeast(`${shape}: folded by who took nothing meanwhile`, 'updates', folded, all / 10),
    ],
    notes: wrong.slice(0, fewest),
  }
}

export const lateVersions: FaultRow = {
  id: 'F31',
  fault: 'older versions of a row come behind newer ones: whoever conflates ends with the newest',
  how:
    `${publishers.length} publishers with 8 connections each change the same rows of a SQLite database (inserts, deletes, new keys) ` +
    'and publish behind each COMMIT in any order; 3 subscribers with conflate, held against the database behind each run; mesh and proxy+relay',
  async run({ scale }) {
    const runs = Math.max(leastRuns, Math.round(runsWanted * scale))
    const parts: Measured[] = []
    for (const shape of ['mesh', 'proxy+relay'] as const) parts.push(await runShape(shape, runs))
    const { demands, ...measured } = addMeasured(...parts)
    const all = transactions * publishers.length * runs * parts.length
    const late = atLeast(
      'published behind a newer version',
      'updates',
      measured.injected,
      all / 100,
    )
    return { ...measured, demands: [...demands, late] }
  },
}
