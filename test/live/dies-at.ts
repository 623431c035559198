// A process that commits a row of FIRST, which all subscribers then have, and is killed at one instant of the next commit, of
// a row of TRADE: node dies-at.ts WAY INSTANT FIRST FILE DEFINITION HOST
import { DatabaseSync } from 'node:sqlite'
import { publishCommits } from '../../src/database/sqlite/index.ts'
import { openUpdateQueue } from '../../src/index.ts'

const [way = '', instant = '', first = '', file = '', definition = '', host = ''] =
  process.argv.slice(2)
const database = new DatabaseSync(file, { timeout: 60_000 })
const queue = await openUpdateQueue({ process: 'WRITER', definition, host, publishes: [first] })
let isLast = false

function reach(here: string): void {
  if (isLast && here === instant) process.kill(process.pid, 'SIGKILL')
}

const publish = queue.publish.bind(queue)
Object.defineProperty(queue, 'publish', {
  value(changes: Parameters<typeof publish>[0]) {
    reach('before publish()')
    const published = publish(changes)
    reach('behind publish()')
    return published
  },
})

function transaction(table: string) {
  const record = { ID: isLast ? instant : `a row before: ${instant}` }
  database.exec('begin')
  database.prepare(`insert into ${table} values (?)`).run(record.ID)
  reach('before COMMIT')
  database.exec('commit')
  return { table, kind: 'insert', record } as const
}

const ways: Record<string, (table: string) => unknown> = {
  'publish()': (table) => queue.publish(transaction(table)),
  'commit()': (table) =>
    queue.commit(
      (changed) => {
        changed(transaction(table))
        reach('before publish()')
      },
      { onPublished: () => reach('behind publish()') },
    ),
  'publishCommits()': transaction,
}
if (way === 'publishCommits()') publishCommits(database, queue, { tables: [first] })
const write = ways[way] as (table: string) => unknown
await write(first)
await queue.flush()
isLast = true
await write('TRADE')
