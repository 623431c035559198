// A process that dies at any instant between BEGIN and publish(): each change that it has committed is delivered, or is in a loss.
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { install } from '../../src/database/postgres/installation.ts'
import { openUpdateQueue } from '../../src/index.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child, repository } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { Postgres } from '../harness/postgres.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const hasPostgres = available('crashes between commit and publication', 'postgres')
/** Processes that are killed. */
const deaths = 12
/** They are killed within so many milliseconds from when their queue is open: before the first commit, amid others. */
const withinMs = 400

it.runIf(hasPostgres)(
  'a process killed at random instants: each change that it has committed is delivered, or in a loss of its table',
  async () => {
    const postgres = await Postgres.start()
    const client = new Client(postgres.config)
    await client.connect()
    await client.query('create table entry (id serial primary key, writer text)')
    await install(client, ['entry'])
    const cluster = await TestCluster.start('mesh', 1)
    const { definition } = cluster
    const { host } = cluster.node()
    const queue = await openUpdateQueue({ process: 'SUBSCRIBER', definition, host })
    const delivered = new Set<number>()
    const lost = new Set<string>()
    const entries = queue.subscribe('entry', {
      onDelivery: (delivery) => {
        if (delivery.type === 'updates')
          for (const { record } of delivery.updates) delivered.add((record as { id: number }).id)
        if (delivery.type === 'loss')
          for (const { publisher, to, reason } of delivery.losses)
            if (publisher && reason === 'gone' && to === null) lost.add(publisher.incarnation)
      },
    })
    await entries.ready
    const random = seededRandom(7)
    const writers: string[] = []
    for (let death = 0; death < deaths; death++) {
      const words = [join(repository, 'test', 'postgres', 'dying-writer.ts'), `W${death}`]
      const child = new Child({
        name: `W${death}`,
        arguments: [...words, postgres.url, definition, host],
        ipc: true,
      })
      const [{ incarnation }] = (await once(child.process, 'message')) as [{ incarnation: string }]
      await pause(random() * withinMs)
      await child.end('SIGKILL')
      writers.push(incarnation)
    }
    const { rows } = await client.query<{ id: number; writer: string }>(
      'select id, writer from entry',
    )
    const missing = new Set(rows.filter(({ id }) => !delivered.has(id)).map(({ writer }) => writer))
    const owed = rows.map(({ writer }) => writer)
    await eventually('each process that had committed is reported', () =>
      owed.every((writer) => lost.has(writer)),
    )
    expect([...missing].filter((writer) => !lost.has(writer))).toEqual([])
    // Not all died before they had committed anything, and most of what was committed came.
    expect(new Set(owed).size).toBeGreaterThan(2)
    expect(rows.filter(({ id }) => delivered.has(id)).length).toBeGreaterThan(rows.length / 2)
    await client.end()
    await queue.close()
  },
)
