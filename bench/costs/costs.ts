/**
 * What each way into the queue costs who writes, beside the same insert without Tidings, and how long after COMMIT another process
 * has the row in its live table: PostgreSQL, SQLite, a capture, a cluster and a subscriber of its own. `npm run bench:costs`
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { openUpdateQueue } from '../../src/index.ts'
import { count, instrument } from '../../src/testing/instrument.ts'
import { type Child, endChildren, repository } from '../../test/harness/child.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { TestCluster } from '../../test/harness/test-cluster.ts'
import { machine } from '../../test/reliability/faults/machine.ts'
import { median } from '../statistics.ts'
import { type CostResult, costRows, type CostSamples } from './cost-result.ts'
import type { CostWay } from './cost-way.ts'
import { costsTable, withCosts } from './costs-page.ts'
import type { ListenerSetup } from './costs-setup.ts'
import { postgresCosts } from './postgres-costs.ts'
import { sqliteCosts } from './sqlite-costs.ts'

/** Rows of an insert of many. */
const rowsOfMany = 10_000
/** From one commit to the next, where delays are measured, milliseconds: each has arrived before the next one begins. */
const pauseMs = 5

const { write, ...values } = instrument(
  'bench:costs',
  'What each way into the queue costs who writes, as ratios to the same insert without Tidings, and the delay from COMMIT to a live table.',
)
  .option('--rounds <n>', 'rounds in which each way has its turn', count, 15)
  .option('--inserts <n>', 'inserts of one row, in each round', count, 200)
  .option('--commits <n>', 'commits whose delay is measured, in each round', count, 100)
  .option('--write', 'leave the result in bench/costs/costs.json, and in docs/GUARANTEES.md')
  .parse()
  .opts<{ rounds: number; inserts: number; commits: number; write?: true }>()

/** What the other process has told. */
class Listener {
  readonly #child: Child
  readonly #counts = new Map<string, number>()
  /** When each row of a live table was there, by table and number. */
  readonly #heard = new Map<string, bigint>()
  #taken = 0

  constructor(cluster: TestCluster, setup: ListenerSetup) {
    const script = join(import.meta.dirname, 'costs-listener.ts')
    this.#child = cluster.program([script, JSON.stringify(setup)])
  }

  async ready(): Promise<void> {
    await this.#child.prints(/^ready$/)
  }

  /** Waits until so many updates of a table were there. */
  async counted(table: string, updates: number): Promise<void> {
    await eventually(
      () => `${updates} updates of ${table}, not ${this.#counts.get(table)}: ${this.#child.log}`,
      () => (this.#take(), (this.#counts.get(table) ?? 0) >= updates),
    )
  }

  /** When a row was there, nanoseconds of the clock of this machine. */
  heard(table: string, index: number): Promise<bigint> {
    return eventually(
      () => `row ${index} of ${table}: ${this.#child.log}`,
      () => (this.#take(), this.#heard.get(`${table} ${index}`)),
    )
  }

  #take(): void {
    const { lines } = this.#child
    for (const line of lines.slice(this.#taken)) {
      const [first = '', second = '', third = ''] = line.split(' ')
      if (first === 'counted')
        for (const [table, updates] of Object.entries<number>(JSON.parse(second)))
          this.#counts.set(table, updates)
      else if (third !== '') this.#heard.set(`${first} ${second}`, BigInt(third))
    }
    this.#taken = lines.length
  }
}

async function timed(run: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await run()
  return performance.now() - began
}

/** One turn of a way: behind each part it is waited for until the other process has all, so that the next way begins in peace. */
async function turn(way: CostWay, samples: CostSamples, listener: Listener): Promise<void> {
  const isTold = way.name !== 'nobody'
  const settle = async (): Promise<void> => {
    if (isTold) await listener.counted(way.counted, way.inserted)
  }
  // With the turn of the event loop in which the queue sends.
  const insertOne = async (): Promise<void> => (await way.insert(1), nextTurn())
  const inserts: number[] = []
  for (let index = 0; index < values.inserts; index++) inserts.push(await timed(insertOne))
  samples.one.push(median(inserts))
  await settle()
  samples.many.push(await timed(() => way.insert(rowsOfMany)))
  await settle()
  if (!isTold) return
  const commits: { index: number; calledAt: bigint }[] = []
  for (let index = 0; index < values.commits; index++) {
    commits.push(await way.commit())
    await pause(pauseMs)
  }
  const delays: number[] = []
  for (const { index, calledAt } of commits)
    delays.push(Number((await listener.heard(way.live, index)) - calledAt) / 1e6)
  samples.delays.push(delays)
}

const samplesOf = ({ database, name }: CostWay): CostSamples => ({
  database,
  name,
  one: [],
  many: [],
  delays: [],
})

async function measure(): Promise<{ samples: CostSamples[]; versions: string[] }> {
  const cluster = await TestCluster.start('mesh', 1)
  const { definition } = cluster
  const queue = await openUpdateQueue({ process: 'WRITER', definition, host: cluster.node().host })
  const [postgres, sqlite] = [await postgresCosts(queue, cluster), sqliteCosts(queue)]
  const ways = [...postgres.ways, ...sqlite.ways]
  await queue.declare(ways.flatMap(({ counted, live }) => [counted, live]))
  const told = ways.filter(({ name }) => name !== 'nobody')
  const listener = new Listener(cluster, {
    counted: told.map(({ counted }) => counted),
    live: told.map(({ database, name, live }) => ({
      table: live,
      database,
      place: (database === 'SQLite' ? sqlite : postgres).placeOf(name),
      isCounted: name !== 'adapter',
    })),
  })
  await listener.ready()
  // Code that is not compiled yet is slow.
  for (const way of ways) await turn(way, samplesOf(way), listener)
  const samples = ways.map(samplesOf)
  for (let round = 0; round < values.rounds; round++) {
    // Each way is the first one of some rounds.
    for (let step = 0; step < ways.length; step++) {
      const place = (round + step) % ways.length
      const [way, ofWay] = [ways[place], samples[place]]
      if (way && ofWay) await turn(way, ofWay, listener)
    }
    console.error(`${round + 1} of ${values.rounds} rounds`)
  }
  await postgres.close()
  await queue.close()
  return { samples, versions: [postgres.version, sqlite.version] }
}

try {
  const { rounds, inserts, commits } = values
  const { samples, versions } = await measure()
  const result: CostResult = {
    command: `npm run bench:costs -- --rounds ${rounds} --inserts ${inserts} --commits ${commits}`,
    at: new Date().toISOString(),
    machine: machine(),
    versions,
    rounds,
    inserts,
    rowsOfMany,
    commits,
    rows: costRows(samples),
  }
  console.log(costsTable(result))
  if (write) {
    writeFileSync(join(import.meta.dirname, 'costs.json'), `${JSON.stringify(result, null, 2)}\n`)
    const page = join(repository, 'docs', 'GUARANTEES.md')
    writeFileSync(page, withCosts(readFileSync(page, 'utf8'), result))
  }
} finally {
  await endChildren()
}
