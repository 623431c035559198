// examples/tanstack-query: queries that are asked anew when an update says so, and at no other time.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually } from '../harness/eventually.ts'
import { Example } from '../harness/example.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

async function openExample() {
  const cluster = await TestCluster.start('proxy', 1)
  const example = new Example('tanstack-query', cluster)
  const set = async (id: string, price: number): Promise<void> => {
    const child = example.start('set', {}, id, String(price))
    expect(await child.ended, child.log).toEqual({ code: 0, signal: null })
  }
  return { cluster, example, set }
}

it('TanStack Query: what another process commits is shown, and queries of other records are not asked', async () => {
  const { example, set } = await openExample()
  const child = example.start('start')
  const shows = (...lines: string[]) =>
    eventually(
      () => `it shows ${lines.join(', ')}:\n${child.output}${child.log}`,
      () => child.lines.join() === lines.join(),
    )
  await shows('TRADE T1 null', 'TRADE null')
  await set('T1', 100)
  await child.prints(/^TRADE 100$/)
  expect(child.lines).toContain('TRADE T1 100')
  const before = child.lines.filter((line) => line.startsWith('TRADE T1'))
  await set('T2', 7)
  await child.prints(/^TRADE 107$/)
  expect(child.lines.filter((line) => line.startsWith('TRADE T1'))).toEqual(before)
  expect(await child.end('SIGTERM'), child.log).toEqual({ code: 0, signal: null })
})

/** A load that has read before the change, and ends when the update of that has come. */
const slowLoad = `
  import { QueryClient } from '@tanstack/query-core'
  import { openUpdateQueue } from 'tidings'
  import { invalidateByUpdates } from './invalidation.ts'
  const queue = await openUpdateQueue({ process: 'SLOW' })
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
  await invalidateByUpdates(client, queue, { TRADE: 'ID' })
  const slow = Promise.withResolvers()
  const invalidated = new Promise((resolve) =>
    client.getQueryCache().subscribe(({ action }) => action?.type === 'invalidate' && resolve()))
  const queryKey = ['TRADE', 'T1']
  const loading = client.fetchQuery({ queryKey, queryFn: () => slow.promise })
  queue.publish({ table: 'TRADE', kind: 'modify', record: { ID: 'T1' } })
  await invalidated
  slow.resolve('as it was')
  console.log(await loading)
  console.log(await client.fetchQuery({ queryKey, queryFn: () => 'as it is' }))
  console.log(await client.fetchQuery({ queryKey, queryFn: () => 'asked once more' }))
  client.clear()
  await queue.close()
`

it('TanStack Query: what a load has read before the change is not kept, though it came behind the update', async () => {
  const { cluster, example } = await openExample()
  const file = join(example.folder, 'slow-load.mjs')
  writeFileSync(file, slowLoad)
  const child = cluster.program([file])
  expect(await child.ended, child.log).toEqual({ code: 0, signal: null })
  expect(child.lines).toEqual(['as it was', 'as it is', 'as it is'])
})
