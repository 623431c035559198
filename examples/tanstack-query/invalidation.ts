import type { Query, QueryClient } from '@tanstack/query-core'
import type { UpdateQueue } from 'tidings'

/** By table, the records that have changed; 'all': any may have. */
type Changed = Map<unknown, Set<unknown> | 'all'>

/**
 * Has the queries of a client asked anew when what they show has changed: ['TRADE', 'T1'], and whatever else begins so, with that
 * record; ['TRADE'] with any. `keys` says which field tells the records of a table apart. Resolves when updates arrive.
 */
export async function invalidateByUpdates<Tables extends object>(
  client: QueryClient,
  queue: UpdateQueue<Tables>,
  keys: { readonly [Table in keyof Tables & string]: keyof Tables[Table] & string },
): Promise<void> {
  const tables = Object.keys(keys) as (keyof Tables & string)[]
  const all: Changed = new Map(tables.map((table) => [table, 'all']))
  const subscription = queue.subscribe(tables, {
    onDelivery: (delivery) => {
      const changed: Changed = new Map()
      if (delivery.type === 'updates')
        for (const { table, record } of delivery.updates) {
          const ids = changed.get(table) ?? new Set()
          if (ids !== 'all') ids.add(record[keys[table]])
          changed.set(table, ids)
        }
      // Nobody knows which records. A loss without a table is one of any.
      if (delivery.type === 'loss')
        for (const { table } of delivery.losses)
          for (const lost of table === null ? tables : [table]) changed.set(lost, 'all')
      invalidate(client, changed)
    },
  })
  await subscription.ready
  // What was asked before may have changed before the first update could come.
  invalidate(client, all)
}

function invalidate(client: QueryClient, changed: Changed): void {
  const predicate = ({ queryKey: [table, id] }: Query): boolean => {
    const ids = changed.get(table)
    return ids !== undefined && (ids === 'all' || id === undefined || ids.has(id))
  }
  for (const query of client.getQueryCache().findAll({ predicate, fetchStatus: 'fetching' }))
    if (query.state.data === undefined || !query.isActive()) askAgain(client, query)
  void client.invalidateQueries({ predicate })
}

/**
 * A load that is under way may have read before the change. TanStack Query begins it anew where it has a value to show meanwhile,
 * and else takes what comes for fresh. So this one is invalidated once more when it has ended.
 */
function askAgain(client: QueryClient, { promise, queryKey }: Query): void {
  const again = (): void => void client.invalidateQueries({ queryKey, exact: true })
  promise?.then(again, again)
}
