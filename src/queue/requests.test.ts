import { expect, it } from 'vitest'
import { randomId } from '../base/random.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import { encodeRequest } from '../wire/frames/request-codec.ts'
import { openUpdateQueue } from './open-update-queue.ts'

it('D21: requests that name a table 65,536 times are refused, and the publisher answers others', async () => {
  const cluster = new MemoryCluster()
  await using publisher = await openUpdateQueue({ process: 'P', transport: cluster.transport() })
  publisher.publish({ table: 'A', kind: 'insert', record: {} })
  const transport = cluster.transport()
  await using asker = await openUpdateQueue({ process: 'S', transport })
  const names = Array.from({ length: 65_536 }, () => 'A')
  const sync = {
    kind: 'sync',
    sinceMs: 0,
    tables: ['A'],
    marks: names,
    incarnations: null,
  } as const
  for (let nonce = 1; nonce <= 5; nonce++)
    transport.request(encodeRequest({ ...sync, subscriber: randomId(), nonce }), null)
  await asker.subscribe('A').ready
  expect(publisher.stats().refused).toEqual({ 'repeated-table': 5 })
})

it('a subscription to a table that is named twice asks for it once', async () => {
  const cluster = new MemoryCluster()
  await using publisher = await openUpdateQueue({ process: 'P', transport: cluster.transport() })
  publisher.publish({ table: 'A', kind: 'insert', record: {} })
  await using asker = await openUpdateQueue({ process: 'S', transport: cluster.transport() })
  await asker.subscribe(['A', 'B', 'A']).ready
  expect(publisher.stats().refused).toEqual({})
})
