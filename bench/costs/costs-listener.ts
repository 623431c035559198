// The other process of `npm run bench:costs`: node costs-listener.ts SETUP, which is JSON. It counts the updates of some tables, has
// others as live tables, and tells when each row of these was there: by the number of the row, and the clock of the machine.
import { DatabaseSync } from 'node:sqlite'
import { Pool } from 'pg'
import { readTable as readTableOfPool } from '../../src/database/postgres/index.ts'
import { readTable as readTableOfFile } from '../../src/database/sqlite/index.ts'
import { openUpdateQueue } from '../../src/index.ts'
import { liveTable } from '../../src/live/index.ts'
import { type ListenerSetup, listenerSetup } from './costs-setup.ts'
import { versionCounter } from './sqlite-costs.ts'

/** How often the counts are told. */
const toldEachMs = 20

const setup = listenerSetup(JSON.parse(process.argv[2] ?? ''))
if (!setup) throw new Error('the first argument is a ListenerSetup as JSON')
const { counted, live } = setup
const queue = await openUpdateQueue({ process: 'LISTENER' })

const counts = new Map<string, number>()
const subscription = queue.subscribe([...counted], {
  onDelivery: (delivery) => {
    if (delivery.type !== 'updates') return
    for (const { table } of delivery.updates) counts.set(table, (counts.get(table) ?? 0) + 1)
  },
})
await subscription.ready

for (const listened of live) {
  const { table } = listened
  const rows = await liveTable(queue, { table, key: 'TRADE_ID', read: readerOf(listened) })
  rows.subscribe(({ changes }) => {
    const at = process.hrtime.bigint()
    for (const { key } of changes) console.log(`${table} ${String(key).slice(1)} ${at}`)
  })
}
console.log('ready')

let told = ''
setInterval(() => {
  const line = `counted ${JSON.stringify(Object.fromEntries(counts))}`
  if (line !== told) console.log(line)
  told = line
}, toldEachMs)

/** Reads all of a table, and its version, in one transaction. */
function readerOf({ table, database, place, isCounted }: ListenerSetup['live'][number]) {
  if (database === 'PostgreSQL') {
    const pool = new Pool({ connectionString: place, max: 1 })
    return () => readTableOfPool(pool, table)
  }
  const file = new DatabaseSync(place, { readOnly: true, timeout: 60_000 })
  if (!isCounted) return () => readTableOfFile(file, table)
  return () => {
    file.exec('begin')
    const rows = file.prepare(`select * from ${table}`).all()
    const version = BigInt(Number(file.prepare(`select N from ${versionCounter}`).get()?.['N']))
    file.exec('commit')
    return { rows, version }
  }
}
