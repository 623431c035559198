// Connections that no pool of pg has made: those of a data layer that keeps its connections itself.
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { install } from '../../src/database/postgres/installation.ts'
import { publishCommitsOfClients } from '../../src/database/postgres/index.ts'
import { openUpdateQueue } from '../../src/index.ts'
import { MemoryCluster } from '../../src/testing/index.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually } from '../harness/eventually.ts'
import { Postgres } from '../harness/postgres.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const hasPostgres = available('connections that a data layer keeps', 'postgres')

it.runIf(hasPostgres)(
  'what a client commits that was handed over is published, and of another one its tables are read again',
  async () => {
    const postgres = await Postgres.start()
    const [own, other] = [new Client(postgres.config), new Client(postgres.config)]
    for (const client of [own, other]) await client.connect()
    await own.query('create table trade (id int primary key, price int default 7)')
    await install(own, ['trade'])
    const cluster = new MemoryCluster()
    const queue = await openUpdateQueue({ process: 'WRITER', transport: cluster.transport() })
    const heard: string[] = []
    const trades = queue.subscribe('trade', {
      onDelivery: (delivery) => {
        if (delivery.type === 'loss') heard.push(...delivery.losses.map(({ reason }) => reason))
        if (delivery.type === 'updates')
          heard.push(...delivery.updates.map(({ record }) => JSON.stringify(record)))
      },
    })
    await trades.ready
    const attach = publishCommitsOfClients(() => new Client(postgres.config), queue)
    await attach(own)
    await eventually('somebody listens', () => heard.length === 1)
    await own.query('begin; insert into trade (id) values (1); rollback')
    await own.query('insert into trade (id) values (2)')
    // Given again it is the same client.
    await attach(own)
    await own.query('insert into trade (id) values (3)')
    await other.query('insert into trade (id) values (4)')
    await eventually('the other is found out', () => heard.length === 4)
    expect(heard).toEqual(['reset', '{"id":2,"price":7}', '{"id":3,"price":7}', 'reset'])
    for (const client of [own, other]) await client.end()
    await queue.close()
  },
)

it('says what it takes', async () => {
  const transport = new MemoryCluster().transport()
  const queue = await openUpdateQueue({ process: 'WRITER', transport })
  const client = new Client()
  const misused = () => publishCommitsOfClients(client as unknown as () => Client, queue)
  expect(misused).toThrow(
    /^publishCommitsOfClients\(\) takes a function that makes a client.* \[USAGE\]$/,
  )
  const attach = publishCommitsOfClients(() => new Client({ host: '/nowhere' }), queue)
  for (const other of [undefined, null, 'client', {}])
    await expect(attach(other)).rejects.toThrow(
      /^what publishCommitsOfClients\(\) gives takes a client of pg, got .* \[USAGE\]$/,
    )
  await queue.close()
})
