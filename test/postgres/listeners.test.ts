// Who changes tables without the adapter is found out as long as somebody listens, and told by the first who does again.
import { Pool } from 'pg'
import { expect, it } from 'vitest'
import { install } from '../../src/database/postgres/installation.ts'
import { publishCommits } from '../../src/database/postgres/index.ts'
import { openUpdateQueue } from '../../src/index.ts'
import { MemoryCluster } from '../../src/testing/index.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually, patienceMs } from '../harness/eventually.ts'
import { Postgres } from '../harness/postgres.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const hasPostgres = available('who listens for changes of other programs', 'postgres')

/** A database with tables `trade` and `leg`, what a subscriber hears of them, and processes with the adapter. */
class Stage implements AsyncDisposable {
  readonly heard: string[] = []
  readonly psql: Pool
  readonly #postgres: Postgres
  readonly #cluster = new MemoryCluster()
  readonly #closings: (() => Promise<unknown>)[] = []

  private constructor(postgres: Postgres) {
    this.#postgres = postgres
    this.psql = new Pool({ ...postgres.config, max: 1 })
    this.#closings.push(() => this.psql.end())
  }

  static async open(): Promise<Stage> {
    const stage = new Stage(await Postgres.start())
    await stage.psql.query(
      'create table trade (id int primary key); create table leg (id int primary key)',
    )
    const client = await stage.psql.connect()
    await install(client, ['trade', 'leg'])
    client.release()
    const view = await openUpdateQueue({ process: 'VIEW', transport: stage.#cluster.transport() })
    stage.#closings.push(() => view.close())
    const tables = view.subscribe('*', {
      onDelivery: (delivery) => {
        if (delivery.type === 'loss')
          for (const { table, text } of delivery.losses) stage.heard.push(`${table}: ${text}`)
      },
    })
    await tables.ready
    return stage
  }

  /** A process with the adapter; `end` ends it in good order. */
  async writer(name: string) {
    const transport = this.#cluster.transport()
    const queue = await openUpdateQueue({ process: name, transport, drainMs: patienceMs })
    const failures: unknown[] = []
    const pool = publishCommits(new Pool(this.#postgres.config), queue, {
      onEvent: (event) => void (event.type === 'failed' && failures.push(event.error)),
    })
    const end = async (): Promise<void> => {
      if (!pool.ended) await pool.end()
      await queue.close()
    }
    this.#closings.push(end)
    return { queue, failures, end }
  }

  async hears(what: string | RegExp): Promise<void> {
    await eventually(
      () => `${what}: ${this.heard.join()}`,
      () => this.heard.some((line) => (typeof what === 'string' ? line === what : what.test(line))),
    )
  }

  async listeners(count: number): Promise<void> {
    await eventually(`${count} listen`, async () => {
      const { rows } = await this.psql.query(
        `select from pg_stat_activity where application_name = 'tidings listener' and state = 'idle'`,
      )
      return rows.length === count
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closings.toReversed()) await close()
  }
}

const nobody = 'nobody listened before for changes by other programs'
const bypassed = 'changed by a program that does not publish, or truncated'

it.runIf(hasPostgres)(
  'what was changed while nobody listened is a reset of all tables as soon as somebody does',
  async () => {
    await using stage = await Stage.open()
    const { heard, psql } = stage
    const { end } = await stage.writer('ONE')
    await stage.hears(`trade: ${nobody}`)
    await end()
    await stage.listeners(0)
    heard.length = 0
    await psql.query('insert into trade values (1)')
    await stage.writer('TWO')
    await stage.hears(`trade: ${nobody}`)
    expect(heard.toSorted()).toEqual([`leg: ${nobody}`, `trade: ${nobody}`])
  },
)

it.runIf(hasPostgres)(
  'where the process ends that tells what others change, another one goes on',
  async () => {
    await using stage = await Stage.open()
    const { heard, psql } = stage
    const { end } = await stage.writer('ONE')
    await stage.hears(`trade: ${nobody}`)
    await stage.writer('TWO')
    await stage.listeners(2)
    heard.length = 0
    await end()
    await psql.query('insert into trade values (1)')
    await stage.hears(/^trade: /)
  },
)

it.runIf(hasPostgres)(
  'what is changed while the one that tells it is closing is told by another one, also where that begins only then',
  async () => {
    await using stage = await Stage.open()
    const { heard, psql } = stage
    const { queue, failures, end } = await stage.writer('ONE')
    await stage.hears(`trade: ${nobody}`)
    heard.length = 0
    const transaction = Promise.withResolvers<void>()
    const commit = queue.commit(() => transaction.promise)
    const closing = queue.close()
    await psql.query('insert into trade values (1)')
    await eventually('it could not tell that', () => failures.length > 0)
    await stage.writer('TWO')
    await stage.listeners(2)
    transaction.resolve()
    await Promise.all([commit, closing])
    await end()
    await stage.hears(/^trade: /)
  },
)

it.runIf(hasPostgres)('whoever switches a trigger off is found out by nobody', async () => {
  await using stage = await Stage.open()
  const { heard, psql } = stage
  await stage.writer('ONE')
  await stage.hears(`trade: ${nobody}`)
  heard.length = 0
  const trigger = 'trigger tidings_row'
  await psql.query(
    `alter table trade disable ${trigger}; insert into trade values (1); alter table trade enable always ${trigger}`,
  )
  await psql.query('insert into leg values (1)')
  await stage.hears(`leg: ${bypassed}`)
  expect(heard).toEqual([`leg: ${bypassed}`])
})
