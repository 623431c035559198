import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openUpdateQueue } from '../../src/queue/open-update-queue.ts'
import type { Delivery, UpdateKind } from '../../src/model/update.ts'
import type { UpdateQueue } from '../../src/queue/update-queue.ts'
import { MemoryCluster } from '../../src/testing/index.ts'
import { eventually } from '../harness/eventually.ts'

interface Trade {
  readonly TRADE_ID: string
  readonly PRICE: number
  readonly VERSION: bigint
}
type Copy = Map<string, { version: bigint; trade: Trade | null }>

type Recipe = (copy: Copy, queue: UpdateQueue, readAll: () => Promise<Trade[]>) => Promise<void>

/** The recipe as the page prints it. */
async function recipe(): Promise<Recipe> {
  const page = readFileSync(join(import.meta.dirname, '../../docs/LIBRARY.md'), 'utf8')
  const [, code] = /^#### A copy of a table\n.*?```ts\n(.*?)```/ms.exec(page) ?? []
  if (code === undefined) throw new Error('the page has no recipe')
  const url = `data:text/javascript,${encodeURIComponent(stripTypeScriptTypes(code))}`
  return ((await import(/* @vite-ignore */ url)) as { keepCopy: Recipe }).keepCopy
}

const trade = (TRADE_ID: string, VERSION: bigint, PRICE = 0): Trade => ({
  TRADE_ID,
  PRICE,
  VERSION,
})

const put = (queue: UpdateQueue, kind: UpdateKind, record: Trade) =>
  queue.publish({ table: 'TRADE', kind, record, version: record.VERSION })

const prices = (copy: Copy) =>
  Object.fromEntries([...copy].map(([key, { trade: row }]) => [key, row?.PRICE]))

/** The queue, whose subscription tells behind each update of END that an open loss has ended and nothing was lost. */
function withEnds(queue: UpdateQueue): UpdateQueue {
  async function* deliveries(subscription: AsyncIterable<Delivery>): AsyncGenerator<Delivery> {
    for await (const delivery of subscription) {
      yield delivery
      const end = delivery.type === 'updates' ? delivery.updates.at(-1) : undefined
      if (!end || end.sequence === null || !('TRADE_ID' in end.record)) continue
      if (end.record.TRADE_ID !== 'END') continue
      const { table, publisher, sequence } = end
      const [from, to] = [sequence + 1, sequence]
      yield { type: 'loss', losses: [{ table, publisher, from, to, reason: 'gone', ends: true }] }
    }
  }
  const subscribe = (table: string) => {
    const subscription = queue.subscribe(table)
    const iterate = () => deliveries(subscription)
    return { ready: subscription.ready, [Symbol.asyncIterator]: iterate }
  }
  return { subscribe } as unknown as UpdateQueue
}

it('the recipe reads again where something was lost, and nowhere else, and is filled all the time', async () => {
  const cluster = new MemoryCluster()
  const writer = await openUpdateQueue({ process: 'WRITER', transport: cluster.transport('a') })
  const reader = await openUpdateQueue({ process: 'READER', transport: cluster.transport('b') })
  const reads: ((rows: Trade[]) => void)[] = []
  const readAll = () => new Promise<Trade[]>((resolve) => reads.push(resolve))
  const copy: Copy = new Map()
  const ended = (await recipe())(copy, withEnds(reader), readAll)
  const ofRead = (count: number) =>
    eventually(`read ${count} has begun`, () => (reads.length === count ? reads.at(-1) : null))

  const first = await ofRead(1)
  first([trade('KEPT', 1n, 1), trade('GONE', 1n, 1), trade('END', 1n)])
  put(writer, 'modify', trade('KEPT', 2n, 2))
  put(writer, 'modify', trade('END', 2n))
  await eventually('the last before the end', () => copy.get('END')?.version === 2n)
  put(writer, 'insert', trade('BEHIND', 1n, 1))
  await eventually(
    'what stands behind the end has come',
    () => copy.has('BEHIND') || reads.length > 1,
  )
  expect(reads).toHaveLength(1)

  await cluster.lose(writer, () => put(writer, 'modify', trade('KEPT', 3n, 3)))
  put(writer, 'modify', trade('BEHIND', 2n, 2))
  const second = await ofRead(2)
  // Who looks while it reads sees the table as it was known, not an empty one.
  expect(prices(copy)).toEqual({ KEPT: 2, GONE: 1, END: 0, BEHIND: 1 })
  second([trade('KEPT', 3n, 3), trade('END', 2n), trade('BEHIND', 1n, 1)])
  await eventually('it goes on', () => copy.get('BEHIND')?.version === 2n)
  expect(prices(copy)).toEqual({ KEPT: 3, GONE: undefined, END: 0, BEHIND: 2 })
  await Promise.all([reader.close(), writer.close(), ended])
  expect(reads).toHaveLength(2)
})

it('the recipe for a copy of a table keeps the higher version, whatever comes first', async () => {
  const cluster = new MemoryCluster()
  const one = await openUpdateQueue({ process: 'ONE', transport: cluster.transport('a') })
  const other = await openUpdateQueue({ process: 'OTHER', transport: cluster.transport('b') })
  const reader = await openUpdateQueue({ process: 'READER', transport: cluster.transport('b') })
  let reads = 0
  const copy: Copy = new Map()
  const keepCopy = await recipe()
  const ended = keepCopy(copy, reader, () => {
    reads++
    return Promise.resolve([trade('READ', 5n), trade('GONE', 5n)])
  })
  await eventually('it has read the table', () => reads === 1)
  put(one, 'modify', trade('READ', 4n))
  put(one, 'modify', trade('POOL', 2n))
  put(one, 'insert', trade('POOL', 1n))
  put(one, 'delete', trade('GONE', 7n))
  put(one, 'modify', trade('TWO', 1n, 1))
  await one.flush()
  put(other, 'modify', trade('GONE', 6n))
  put(other, 'modify', trade('TWO', 1n, 2))
  await other.flush()
  await reader.close()
  await Promise.all([ended, one.close(), other.close()])
  const rows = [...copy].map(([key, { version, trade: row }]) => [key, version, row?.PRICE])
  expect(new Map(rows.map(([key, ...row]) => [key, row]))).toEqual(
    new Map([
      ['READ', [5n, 0]],
      ['POOL', [2n, 0]],
      ['GONE', [7n, undefined]],
      ['TWO', [1n, 2]],
    ]),
  )
  expect(reads).toBe(1)
})
