import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { seededRandom } from '../../../src/base/random.ts'
import { Child, repository } from '../../harness/child.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import type { LiveServer } from './live-database.ts'
import { liveDatabases, type LiveDatabaseName, type LiveProcessSetup } from './live-setup.ts'

export interface LiveRunOptions {
  readonly database: LiveDatabaseName
  readonly commits: number
  readonly writers: number
  readonly readers: number
  readonly seed: number
  readonly isNaive: boolean
  /** How long a process may take to be equal when nobody writes, milliseconds. */
  readonly equalWithinMs: number
  readonly say: (line: string) => void
}

/** What came of a run. */
export interface LiveOutcome {
  readonly rounds: number
  /** Transactions of writers that were not killed in that round; a tenth of them was rolled back. */
  readonly transactions: number
  readonly killed: { writers: number; readers: number; clusters: number; databases: number }
  /** Rows that differed at the first quiet moment where a process did not become equal. */
  readonly differences: readonly string[]
}

/** What is killed in a round, in turn. Not every database has a server of its own. */
const faults = ['writer', 'none', 'cluster', 'database', 'writer', 'reader'] as const
type LiveFault = (typeof faults)[number]

/** Transactions of each writer in a round, at most. */
const mostInRound = 400

const script = join(repository, 'test', 'reliability', 'live', 'live-process.ts')

/** Rounds of writing in which something dies, with a quiet moment behind each. */
export class LiveRun {
  readonly #options: LiveRunOptions
  readonly #random: () => number
  #cluster: TestCluster | null = null
  #server: LiveServer | null = null
  readonly #writers: Child[] = []
  readonly #readers: Child[] = []
  readonly #killed = { writers: 0, readers: 0, clusters: 0, databases: 0 }

  constructor(options: LiveRunOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
  }

  async run(): Promise<LiveOutcome> {
    const { database, commits, writers, readers, say } = this.#options
    this.#cluster = await TestCluster.start('mesh', 1)
    this.#server = await liveDatabases[database].start()
    await liveDatabases[database].create(this.#server.place)
    const turns = faults.filter((fault) => fault !== 'database' || this.#server?.kill)
    for (let index = 0; index < writers; index++)
      this.#writers.push(await this.#start('writer', `WRITER_${index}`))
    for (let index = 0; index < readers; index++)
      this.#readers.push(await this.#start('reader', `READER_${index}`))
    const bypass = await this.#start('bypass', 'BYPASS')
    let transactions = 0
    let rounds = 0
    while (transactions < commits) {
      const each = Math.ceil(Math.min(mostInRound, (commits - transactions) / writers))
      const fault = turns[rounds % turns.length] as LiveFault
      const ends = this.#writers.map((child) => told(child, each))
      const bypassed = rounds % 2 === 0 ? told(bypass, Math.ceil(each / 20)) : null
      await this.#fail(fault)
      for (const done of await Promise.all(ends)) transactions += done
      await bypassed
      await this.#mend()
      rounds++
      const differences = await this.#compare()
      say(
        `round ${rounds}, ${fault}: ${transactions} transactions, ${differences.length} differences`,
      )
      if (differences.length > 0) return this.#outcome(rounds, transactions, differences)
    }
    return this.#outcome(rounds, transactions, [])
  }

  #outcome(rounds: number, transactions: number, differences: readonly string[]): LiveOutcome {
    return { rounds, transactions, killed: this.#killed, differences }
  }

  async #start(role: LiveProcessSetup['role'], name: string): Promise<Child> {
    const { definition, nodes } = this.#cluster as TestCluster
    const setup: LiveProcessSetup = {
      role,
      name,
      database: this.#options.database,
      place: (this.#server as LiveServer).place,
      definition,
      host: (nodes[0] as (typeof nodes)[number]).host,
      seed: Math.floor(this.#random() * 1e9),
      isNaive: this.#options.isNaive,
    }
    const child = new Child({ name, arguments: [script, JSON.stringify(setup)], ipc: true })
    await Promise.race([once(child.process, 'message'), died(child)])
    return child
  }

  /** At a random instant of the round. */
  async #fail(fault: LiveFault): Promise<void> {
    await pause(20 + this.#random() * 400)
    const one = <Item>(items: readonly Item[]): Item =>
      items[Math.floor(this.#random() * items.length)] as Item
    if (fault === 'writer') {
      await one(this.#writers).end('SIGKILL')
      this.#killed.writers++
    } else if (fault === 'reader') {
      await one(this.#readers).end('SIGKILL')
      this.#killed.readers++
    } else if (fault === 'cluster') {
      const node = (this.#cluster as TestCluster).node()
      await node.end('SIGKILL')
      await node.start()
      this.#killed.clusters++
    } else if (fault === 'database') {
      await this.#server?.kill?.()
      this.#killed.databases++
    }
  }

  /** Who was killed comes again, under its name. */
  async #mend(): Promise<void> {
    for (const [role, children] of [
      ['writer', this.#writers],
      ['reader', this.#readers],
    ] as const)
      for (const [index, child] of children.entries())
        if (child.hasEnded) {
          const { signal } = await child.ended
          if (signal !== 'SIGKILL') throw new Error(`${child.name} ${child.state}:\n${child.log}`)
          children[index] = await this.#start(role, child.name)
        }
  }

  /** Nobody writes: each reader has to become equal to the database. */
  async #compare(): Promise<string[]> {
    const until = performance.now() + this.#options.equalWithinMs
    for (;;) {
      const found: string[] = []
      for (const reader of this.#readers) found.push(...(await comparedBy(reader)))
      if (found.length === 0 || performance.now() > until) return found
      await pause(200)
    }
  }
}

/** Transactions that it has made; 0: it was killed. */
async function told(child: Child, transactions: number): Promise<number> {
  const result = resultOf(child)
  child.process.send({ transactions })
  const made = await Promise.race([result, child.ended.then(() => 0)])
  return Number(made)
}

async function comparedBy(child: Child): Promise<string[]> {
  const result = resultOf(child)
  child.process.send({ transactions: 0 })
  return (await Promise.race([result, died(child)])) as string[]
}

async function resultOf(child: Child): Promise<unknown> {
  const [message] = (await once(child.process, 'message')) as [{ result: unknown }]
  return message.result
}

async function died(child: Child): Promise<never> {
  const ending = await child.ended
  throw new Error(`${child.name} has ended: ${JSON.stringify(ending)}\n${child.log}`)
}
