// A process or script that dies is told to the subscribers of what it published, and to nobody else.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Application } from '../harness/application.ts'
import { eventually } from '../harness/eventually.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

const tables = ['TRADE', 'POSITION']

const died = [
  ['a script that declared its tables', 'mesh', { script: 'JOB', publishes: tables }],
  ['a script that declared nothing', 'proxy', { script: 'JOB' }],
  ['a process that declared its tables', 'proxy', { publishes: tables }],
  ['a process that declared nothing', 'mesh', {}],
] as const

async function lossesOf(application: Application) {
  return eventually('a loss', async () => {
    const { losses } = await application.report()
    return losses.length > 0 && losses
  })
}

it.each(died)('%s is no loss of other tables when it is killed', async (_, shape, options) => {
  const cluster = await TestCluster.start(shape)
  const orders = await cluster.open('ORDERS')
  const trades = await cluster.open('TRADES')
  await Promise.all([orders.subscribe('ORDERS'), trades.subscribe(['ORDERS', 'TRADE'])])
  const job = await cluster.open('JOB', options)
  await job.publish(10)
  await job.child.end('SIGKILL')
  const gone = { reason: 'gone', to: null }
  expect(await lossesOf(trades)).toMatchObject([{ ...gone, table: 'TRADE' }])
  // Had the first been told to all, it would come before this one.
  const other = await cluster.open('OTHER', { publishes: ['ORDERS'] })
  const { incarnation } = other
  await other.child.end('SIGKILL')
  expect(await lossesOf(orders)).toMatchObject([
    { ...gone, table: 'ORDERS', publisher: { incarnation } },
  ])
})
