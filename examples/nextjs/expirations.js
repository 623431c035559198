// When what bears a tag was changed last, in milliseconds since the epoch. Next.js loads this module more than once: all have one list.
const changes = (globalThis.tidingsChanges ??= { ofTags: new Map(), ofTables: new Map() })

/** Changes of single records that are remembered at most: beyond, all that is cached counts as changed. */
const mostTags = 10_000

/**
 * Has what bears the tag 'TRADE:T1' made anew when that record has changed, and what bears 'TRADE' when any has. `keys` says which field tells the
 * records of a table apart. Resolves when updates arrive.
 */
export async function expireByUpdates(queue, keys) {
  const subscription = queue.subscribe(Object.keys(keys), {
    onDelivery: ({ updates = [], losses = [] }) => {
      for (const { table, record } of updates)
        expireTags([table, `${table}:${record[keys[table]]}`])
      // Nobody knows which records. A loss without a table is one of any.
      for (const { table } of losses) expireTables(table === null ? Object.keys(keys) : [table])
    },
  })
  await subscription.ready
  // What was made before may have changed before the first update could come.
  expireTables(Object.keys(keys))
}

export function expireTags(tags) {
  const now = Date.now()
  if (changes.ofTags.size > mostTags) {
    for (const tag of changes.ofTags.keys()) changes.ofTables.set(tableOf(tag), now)
    changes.ofTags.clear()
  }
  for (const tag of tags) changes.ofTags.set(tag, now)
}

function expireTables(tables) {
  for (const table of tables) changes.ofTables.set(table, Date.now())
}

/** 0: never. */
export function lastChange(tags) {
  const times = tags.flatMap((tag) => [changes.ofTags.get(tag), changes.ofTables.get(tableOf(tag))])
  return Math.max(0, ...times.filter((time) => time !== undefined))
}

const tableOf = (tag) => tag.split(':')[0]
