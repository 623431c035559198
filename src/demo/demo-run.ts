import { extname, join } from 'node:path'
import { Activity } from './activity.ts'
import type { Difference } from './comparison.ts'
import { countRows, differences } from './comparison.ts'
import { demoHosts, demoSystem } from './demo-definition.ts'
import type { ProcessSetup, ViewFigures } from './reports.ts'
import { StartedProcess, type StartOptions } from './started-process.ts'
import type { TableRows } from './tables.ts'

/** GENESIS_CLUSTER holds a thread for each proxy and link; with fewer it would start itself again. */
const clusterThreads = 64

/** Corrections that are made before their process is killed. */
const correctionsBefore = 50

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
  /** Each node has a GENESIS_CLUSTER; false: the processes meet at a broker. */
  readonly hasClusters: boolean
  /** In the end the database is changed once more, when no process is left that could find it out. */
  readonly tampers: boolean
  /** What happens, in a sentence. */
  readonly say: (text: string) => void
}

/** What became of the live tables of one process. */
export interface ViewOutcome {
  readonly name: string
  readonly host: string
  readonly rows: number
  readonly figures: ViewFigures
  readonly differences: readonly Difference[]
}

export interface RunOutcome {
  readonly database: Required<TableRows>
  readonly views: readonly ViewOutcome[]
  /** Subscribers that had not confirmed all when a writer left. */
  readonly unconfirmed: readonly string[]
}

/** The processes of the demonstration, the order in which they come and go, and what is done to them. */
export class DemoRun {
  /** What each process is doing; grows as they are started. */
  readonly activities: Activity[] = []
  readonly #options: RunOptions
  readonly #clusters: StartedProcess[] = []
  /** Of the application. */
  readonly #processes: StartedProcess[] = []
  readonly #failed = Promise.withResolvers<never>()
  /** Which of the writers has found out that somebody has changed the database who does not publish. */
  readonly #foundOut = Promise.withResolvers<string>()

  constructor(options: RunOptions) {
    this.#options = options
  }

  /** @throws TidingsError TRANSPORT_FAILED when a process ends before its time. */
  run(): Promise<RunOutcome> {
    return Promise.race([this.#conduct(), this.#failed.promise])
  }

  /** Ends all processes, those of the application first. */
  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((each) => each.stop()))
    await Promise.all(this.#clusters.map((each) => each.stop()))
  }

  async #conduct(): Promise<RunOutcome> {
    const [here, there] = demoHosts
    if (this.#options.hasClusters) for (const host of demoHosts) this.#startCluster(host)
    const handler = this.#start('event-handler', 'PRICE_EVENT_HANDLER', here)
    await handler.report('written')
    const views = [
      this.#start('price-view', 'PRICE_VIEW', here),
      this.#start('price-view', 'PRICE_VIEW', there),
      this.#start('summary-view', 'SUMMARY_VIEW', there),
    ]
    await Promise.all(views.map((view) => view.report('figures')))
    await this.#crash(views)
    const corrections = this.#start('corrections', 'PRICE_CORRECTIONS', there)
    await corrections.report('written')
    await this.#bypass(views)
    await handler.report('written', ({ changes, of }) => changes === of)
    for (const writer of [handler, corrections]) writer.finish()
    const ends = [await handler.report('published'), await corrections.report('published')]
    if (this.#options.tampers) await this.#tamper()
    for (const view of views) view.finish()
    const kept = await Promise.all(views.map((view) => view.report('kept')))
    const reader = this.#start('database-reader', 'DATABASE_READER', here)
    const { tables: database } = await reader.report('tables')
    return {
      database,
      views: views.map(({ name, host }, place) => {
        const { tables, figures } = kept[place] as (typeof kept)[number]
        const different = differences(database, tables)
        return { name, host, rows: countRows(tables), figures, differences: different }
      }),
      unconfirmed: ends.flatMap(({ unconfirmed }) => unconfirmed),
    }
  }

  /** A writer is killed while it writes: nobody knows whether it has committed what it did not publish. */
  async #crash(views: readonly StartedProcess[]): Promise<void> {
    const victim = this.#start('corrections', 'PRICE_CORRECTIONS', demoHosts[1])
    await victim.report('written', ({ changes }) => changes >= correctionsBefore)
    await victim.kill()
    const told = views.map((view) => view.report('figures', ({ figures }) => figures.losses > 0))
    await Promise.all(told)
    this.#options.say(
      `${nameOf(victim)} was killed (kill -9) while it wrote: all views were told that commits may be missing, and read again.`,
    )
  }

  /** A script changes both tables and publishes nothing. */
  async #bypass(views: readonly StartedProcess[]): Promise<void> {
    const { changes } = await this.#start('bypass', 'SCRIPT', demoHosts[0]).report('written')
    const finder = await this.#foundOut.promise
    const told = views.map((view) => view.report('figures', ({ figures }) => figures.resets > 0))
    await Promise.all(told)
    this.#options.say(
      `A script has changed ${changes} days and published nothing: ${finder} found it out, and all views read again.`,
    )
  }

  /** No process is left that publishes, so nobody finds out what this script does. */
  async #tamper(): Promise<void> {
    await this.#start('bypass', 'SCRIPT', demoHosts[0]).report('written')
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
    const { definition, database, rows } = this.#options
    const setup: ProcessSetup = { role, name, definition, host, database, rows }
    const args = [JSON.stringify(setup)]
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
      onReport: (report) => {
        activity.take(report, performance.now())
        if (report.type === 'found-out') this.#foundOut.resolve(nameOf(started))
      },
      onFailed: (error) => this.#failed.reject(error),
    })
    this.activities.push(activity)
    const those = mayEnd ? this.#processes : this.#clusters
    those.push(started)
    return started
  }
}

const nameOf = ({ name, host }: StartedProcess): string => `${name} on ${host}`

/** The environment without what chooses another definition than the demonstration's own. */
function withoutChoices(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const choices = ['DEFINITION', 'SERVICES', 'SYSTEM', 'HOST'].map((name) => `TIDINGS_${name}`)
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !choices.includes(name)))
}
