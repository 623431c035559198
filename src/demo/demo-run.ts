import { extname, join } from 'node:path'
import { Activity } from './activity.ts'
import type { Difference } from './comparison.ts'
import { countRows, differences } from './comparison.ts'
import { demoHosts, demoSystem } from './demo-definition.ts'
import type { CopyFigures, ProcessSetup } from './reports.ts'
import { StartedProcess, type StartOptions } from './started-process.ts'
import type { TableRows } from './tables.ts'

/** GENESIS_CLUSTER holds a thread for each proxy and link; with fewer it would start itself again. */
const clusterThreads = 64

/** Corrections begin when this part of the rows is written. */
const correctionsAfter = 0.6

const command = new URL('../../bin/tidings.js', import.meta.url)
/** TypeScript in a checkout, JavaScript in the package. */
const entry = new URL(`../demo/demo-process${extname(import.meta.url)}`, import.meta.url)

interface RunOptions {
  readonly definition: string
  readonly database: string
  /** For what the processes keep and say. */
  readonly directory: string
  /** null: all. */
  readonly rows: number | null
  /** One data server loses a row on purpose. */
  readonly tampers: boolean
}

/** What became of one data server's copy. */
export interface CopyOutcome {
  readonly name: string
  readonly host: string
  readonly rows: number
  readonly figures: CopyFigures
  readonly differences: readonly Difference[]
}

export interface RunOutcome {
  readonly database: TableRows
  readonly copies: readonly CopyOutcome[]
  /** Subscribers that had not confirmed all when a publisher left. */
  readonly unconfirmed: readonly string[]
}

/** The processes of the demonstration and the order in which they come and go. */
export class DemoRun {
  /** What each process is doing; grows as they are started. */
  readonly activities: Activity[] = []
  readonly #options: RunOptions
  readonly #processes: StartedProcess[] = []
  readonly #failed = Promise.withResolvers<never>()

  constructor(options: RunOptions) {
    this.#options = options
  }

  /** @throws TidingsError TRANSPORT_FAILED when a process ends before its time. */
  run(): Promise<RunOutcome> {
    return Promise.race([this.#conduct(), this.#failed.promise])
  }

  /** Ends all processes, those of the application first. */
  async stop(): Promise<void> {
    const clusters = this.#processes.slice(0, demoHosts.length)
    await Promise.all(this.#processes.slice(demoHosts.length).map((each) => each.stop()))
    await Promise.all(clusters.map((each) => each.stop()))
  }

  async #conduct(): Promise<RunOutcome> {
    const [here, there] = demoHosts
    for (const host of demoHosts) this.#startCluster(host)
    const handler = this.#start('event-handler', 'PRICE_EVENT_HANDLER', here)
    await handler.report('written')
    const servers = demoHosts.map((host) => this.#start('data-server', 'PRICE_DATA_SERVER', host))
    await Promise.all(servers.map((server) => server.report('caught-up')))
    await handler.report('written', ({ changes, of }) => changes >= of * correctionsAfter)
    const script = this.#start('corrections', 'PRICE_CORRECTIONS', there)
    const ends = [await handler.report('published'), await script.report('published')]
    for (const server of servers) server.askForCopy()
    const reader = this.#start('database-reader', 'DATABASE_READER', here)
    const { tables: database } = await reader.report('tables')
    const copies = await Promise.all(servers.map((server) => outcomeOf(server, database)))
    return { database, copies, unconfirmed: ends.flatMap(({ unconfirmed }) => unconfirmed) }
  }

  #startCluster(host: string): void {
    const { definition, directory } = this.#options
    const names = ['--definition', definition, '--system', demoSystem, '--host', host]
    this.#launch('GENESIS_CLUSTER', host, {
      module: command,
      args: ['cluster', ...names],
      env: { TIDINGS_STATE: join(directory, 'state'), UV_THREADPOOL_SIZE: String(clusterThreads) },
      mayEnd: false,
    })
  }

  #start(role: ProcessSetup['role'], name: string, host: string): StartedProcess {
    const { tampers, definition, database, rows } = this.#options
    const isTampering = tampers && role === 'data-server' && host === demoHosts[1]
    const setup = { role, name, definition, host, database, rows, tampers: isTampering }
    const args = [JSON.stringify(setup satisfies ProcessSetup)]
    return this.#launch(name, host, { module: entry, args, env: {}, mayEnd: true })
  }

  #launch(
    name: string,
    host: string,
    { env, mayEnd, ...rest }: Pick<StartOptions, 'module' | 'args' | 'env' | 'mayEnd'>,
  ): StartedProcess {
    const activity = new Activity(name, host, mayEnd ? 'starting' : 'running')
    const started = new StartedProcess({
      ...rest,
      mayEnd,
      log: join(this.#options.directory, `${name}-${host}.log`),
      name,
      host,
      env: { ...withoutChoices(process.env), ...env },
      onReport: (report) => activity.take(report, performance.now()),
      onFailed: (error) => this.#failed.reject(error),
    })
    this.activities.push(activity)
    this.#processes.push(started)
    return started
  }
}

async function outcomeOf(server: StartedProcess, database: TableRows): Promise<CopyOutcome> {
  const { tables, figures } = await server.report('copy')
  const { name, host } = server
  return {
    name,
    host,
    rows: countRows(tables),
    figures,
    differences: differences(database, tables),
  }
}

/** The environment without what chooses another definition than the demonstration's own. */
function withoutChoices(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const choices = ['DEFINITION', 'SERVICES', 'SYSTEM', 'HOST'].map((name) => `TIDINGS_${name}`)
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !choices.includes(name)))
}
