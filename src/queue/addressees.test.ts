import { expect, it } from 'vitest'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import { decodeRequest } from '../wire/frames/request-codec.ts'
import { openUpdateQueue } from './open-update-queue.ts'

it('what a subscriber asks of one publisher or confirms to it is addressed to that one', async () => {
  const cluster = new MemoryCluster()
  await using publisher = await openUpdateQueue({ process: 'P', transport: cluster.transport() })
  await using other = await openUpdateQueue({
    process: 'O',
    transport: cluster.transport(),
    publishes: ['TRADE'],
  })
  const transport = cluster.transport()
  const asked: { kind: string; to: readonly string[] | null }[] = []
  const request = transport.request.bind(transport)
  transport.request = (frame, publishers) => {
    asked.push({ kind: decodeRequest(Buffer.from(frame)).kind, to: publishers })
    request(frame, publishers)
  }
  await using subscriber = await openUpdateQueue({ process: 'S', transport })
  const trades = subscriber.subscribe('TRADE', { onDelivery: () => undefined })
  await trades.ready
  publisher.publish({ table: 'TRADE', kind: 'insert', record: {} })
  expect(await publisher.flush()).toMatchObject({ missing: [] })
  const all = [publisher, other].map(({ identity }) => identity.incarnation)
  expect(asked.filter(({ kind }) => kind === 'sync').flatMap(({ to }) => to ?? all)).toEqual(
    expect.arrayContaining([other.identity.incarnation]),
  )
  const confirmed = asked.filter(({ kind }) => kind === 'confirm').map(({ to }) => to)
  expect(confirmed).toContainEqual([publisher.identity.incarnation])
  expect(confirmed).not.toContain(null)
  await cluster.lose(publisher, () =>
    publisher.publish({ table: 'TRADE', kind: 'insert', record: {} }),
  )
  publisher.publish({ table: 'TRADE', kind: 'insert', record: {} })
  await publisher.flush()
  const replays = asked.filter(({ kind }) => kind === 'replay').map(({ to }) => to)
  expect(replays.length).toBeGreaterThan(0)
  expect(new Set(replays.flat())).toEqual(new Set([publisher.identity.incarnation]))
})
