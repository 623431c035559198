import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openUpdateQueue } from '../../src/queue/open-update-queue.ts'
import type { UpdateKind } from '../../src/model/update.ts'
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
  const put = (queue: UpdateQueue, kind: UpdateKind, record: Trade) =>
    queue.publish({ table: 'TRADE', kind, record, version: record.VERSION })
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
