import { afterEach, expect, it } from 'vitest'
import type { NewUpdate, Update } from '../model/update.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import { openUpdateQueue } from './open-update-queue.ts'

const inherited = Object.prototype as Record<string, unknown>

afterEach(() => {
  for (const name of Object.keys(inherited)) delete inherited[name]
})

it('W3: publish() takes own fields only, whatever Object.prototype has', async () => {
  const cluster = new MemoryCluster()
  const publisher = await openUpdateQueue({ process: 'P', transport: cluster.transport() })
  const subscriber = await openUpdateQueue({ process: 'S', transport: cluster.transport() })
  const got: Update[] = []
  const subscription = subscriber.subscribe('T', {
    onDelivery: (delivery) => {
      if (delivery.type === 'updates') got.push(...delivery.updates)
    },
  })
  await subscription.ready
  const publish = () => {
    // More than are written before an encoder is generated.
    for (let n = 0; n < 100; n++)
      publisher.publish([
        { table: 'T', kind: 'insert', record: { a: n, x: 'own' } },
        { table: 'T', kind: 'insert', record: { a: n, j: { b: 1 } } },
      ] as NewUpdate[])
  }
  publish()
  Object.assign(inherited, { x: 'inherited', before: () => 1, version: 5, shared: true })
  publish()
  publisher.publish({ table: 'T', kind: 'insert', record: { a: -1 } })
  await expect.poll(() => got.length).toBe(401)
  for (const name of Object.keys(inherited)) delete inherited[name]
  expect(got.slice(200, 400).map(({ record }) => record)).toStrictEqual(
    got.slice(0, 200).map(({ record }) => record),
  )
  expect(got.at(-1)).toMatchObject({ record: { a: -1 }, before: undefined, version: undefined })
  expect(Object.keys(got.at(-1)?.record ?? {})).toEqual(['a'])
  await publisher.close()
  await subscriber.close()
})
