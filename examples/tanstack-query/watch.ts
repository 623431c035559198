// Shows T1 and the sum of all trades, and asks the database only when an update has come: `staleTime` is without end.
import { QueryClient, QueryObserver } from '@tanstack/query-core'
import { openUpdateQueue } from 'tidings'
import { invalidateByUpdates } from './invalidation.ts'
import { openPrices, type Trade } from './prices.ts'

const queue = await openUpdateQueue<{ TRADE: Trade }>({ process: 'SCREEN' })
const database = openPrices()
const one = database.prepare('select PRICE from TRADE where ID = ?')
const sum = database.prepare('select sum(PRICE) as SUM from TRADE')

const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
const queries = [
  { queryKey: ['TRADE', 'T1'], queryFn: () => one.get('T1')?.['PRICE'] ?? null },
  { queryKey: ['TRADE'], queryFn: () => sum.get()?.['SUM'] ?? null },
]
await invalidateByUpdates(client, queue, { TRADE: 'ID' })
for (const query of queries)
  new QueryObserver(client, query).subscribe(({ isSuccess, isFetching, data }) => {
    if (isSuccess && !isFetching) console.log(query.queryKey.join(' '), data)
  })

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    client.clear()
    void queue.close()
  })
