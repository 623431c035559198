import { seededRandom } from '../../../src/base/random.ts'
import { openUpdateQueue } from '../../../src/index.ts'
import { Child } from '../../harness/child.ts'
import { eventually } from '../../harness/eventually.ts'
import { command, TestCluster } from '../../harness/test-cluster.ts'
import { differences } from '../live/compared.ts'
import { liveNames, type LiveReader, type LiveSchema } from '../live/live-database.ts'
import { liveDatabases } from '../live/live-setup.ts'
import { bundleDyingProcess } from './bundled-program.ts'
import {
  type CrashInstant,
  crashInstants,
  type CrashSetup,
  type CrashWayName,
  crashWays,
} from './crash-setup.ts'
import { type CommittedTransaction, Heard } from './heard.ts'

export interface CrashRunOptions {
  readonly way: CrashWayName
  /** Processes that are killed. */
  readonly instants: number
  /** How many of them live at a time. */
  readonly atOnce: number
  readonly seed: number
  readonly say: (line: string) => void
}

/** What came of a run. */
export interface CrashOutcome {
  /** Where the processes were when they were killed. */
  readonly killed: Readonly<Record<CrashInstant, number>>
  /** Rows that they had committed. */
  readonly committed: number
  /** Of these, rows that did not come and lie in a loss. */
  readonly lost: number
  /** What is not as it was promised. */
  readonly violations: readonly string[]
}

interface Place extends Pick<CrashSetup, 'way' | 'place' | 'definition' | 'host'> {
  readonly script: string
}

/** Violations that are told at most: what goes wrong goes wrong often. */
const toldAtMost = 20
/** How often it is said how far it has come, in processes. */
const saidEach = 100

/** Kills processes between BEGIN and publish(), and compares what another process has of their commits with the database. */
export async function runCrashes(options: CrashRunOptions): Promise<CrashOutcome> {
  const { way } = options
  const database = liveDatabases[crashWays[way].database]
  const [cluster, server, script] = await Promise.all([
    TestCluster.start('mesh', 1),
    database.start(),
    bundleDyingProcess(),
  ])
  const { place } = server
  await database.create(place, crashWays[way])
  if (way === 'capture') await startCapture(cluster, place)
  const { definition } = cluster
  const { host } = cluster.node()
  await using queue = await openUpdateQueue<LiveSchema>({ process: 'VIEW', definition, host })
  const heard = new Heard()
  const subscription = queue.subscribe([...liveNames], { onDelivery: (each) => heard.take(each) })
  await subscription.ready
  const reader = await database.reading(place)
  try {
    const kept = await reader.keep(queue)
    const killed = await killAll({ way, place, definition, host, script }, options)
    const transactions = await committedOf(reader)
    const violations = await judge(way, heard, transactions)
    const compare = () => differences(reader, kept, 'the live table')
    const isEqual = async (): Promise<boolean> => (await compare()).length === 0
    if ((await atLast(isEqual)) !== true) violations.push(...(await compare()))
    const missing = heard.missing(transactions)
    return {
      killed,
      committed: transactions.length * liveNames.length,
      lost: missing.rows.length - missing.silent.length,
      violations: violations.slice(0, toldAtMost),
    }
  } finally {
    await reader.close()
  }
}

/** Publishes what commits in the tables, by the log of the database. */
async function startCapture(cluster: TestCluster, url: string): Promise<void> {
  const tables = liveNames.map((name) => `"${name}"`).join(',')
  const words = ['capture', 'postgres', '--url', url, '--tables', tables]
  await cluster.program([command, ...words]).says(/^ready at/m)
}

/** One process after the other, so many at a time; how many died at which instant. */
async function killAll(
  { script, ...place }: Place,
  { instants, atOnce, seed, say }: CrashRunOptions,
): Promise<Record<CrashInstant, number>> {
  const random = seededRandom(seed)
  const killed = Object.fromEntries(crashInstants.map((each) => [each, 0]))
  let started = 0
  let ended = 0
  const kill = async (): Promise<void> => {
    while (started < instants) {
      const setup: CrashSetup = { ...place, name: `W${started++}`, when: random() }
      const child = new Child({
        name: setup.name,
        arguments: [script, JSON.stringify(setup)],
        ipc: false,
        keepsOutput: true,
      })
      const { signal } = await child.ended
      const instant = crashInstants[Number(child.lines[0] ?? NaN)]
      if (signal !== 'SIGKILL' || instant === undefined)
        throw new Error(`${setup.name} was not killed: ${child.state}\n${child.log}`)
      killed[instant] = (killed[instant] ?? 0) + 1
      if (++ended % saidEach === 0) say(`${place.way}: ${ended} processes killed`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, kill))
  return killed as Record<CrashInstant, number>
}

async function committedOf(reader: LiveReader): Promise<CommittedTransaction[]> {
  const rows = (await reader.rows('ACCOUNT')) as LiveSchema['ACCOUNT'][]
  return rows.map(({ ID, OWNER }) => ({ id: ID, incarnation: OWNER }))
}

/** When all has come that is going to, or has not within any patience. */
async function judge(
  way: CrashWayName,
  heard: Heard,
  transactions: readonly CommittedTransaction[],
): Promise<string[]> {
  const { promise } = crashWays[way]
  const hasCome = (): boolean =>
    promise === 'delivered'
      ? heard.missing(transactions).rows.length === 0
      : heard.hasEndOf(transactions)
  const end = await atLast(hasCome)
  const { rows, silent } = heard.missing(transactions)
  return [
    ...(end === true ? [] : [`not all was told that had to be: ${String(end)}`]),
    ...(promise === 'delivered' ? rows : silent).map((row) => `committed, not ${promise}: ${row}`),
    ...heard.beside(transactions).map((row) => `delivered, not committed: ${row}`),
    ...heard.apart(transactions).map((id) => `came in parts: ${id}`),
  ]
}

/** True when it holds; the error, when it does not within any patience. */
const atLast = (holds: () => boolean | Promise<boolean>): Promise<unknown> =>
  eventually('what was promised', holds).catch((error: unknown) => error)
