// A process that commits until it is killed, at an instant between BEGIN and publish(): node dying-process.ts SETUP, which is JSON.
import { once } from 'node:events'
import { extname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Pool } from 'pg'
import { publishCommits as publishCommitsOfPool } from '../../../src/database/postgres/index.ts'
import { publishCommits as publishCommitsOfFile } from '../../../src/database/sqlite/index.ts'
import { openUpdateQueue } from '../../../src/index.ts'
import type { NewUpdate } from '../../../src/model/update.ts'
import { patienceMs } from '../../harness/eventually.ts'
import { liveNames, type LiveSchema } from '../live/live-database.ts'
import { type CrashInstant, crashInstants, type CrashSetup, shared, stages } from './crash-setup.ts'

/** Transactions before the one in which it may die: the first ones take longer. */
const before = 20

const { way, name, place, definition, host, when } = JSON.parse(process.argv[2] ?? '') as CrashSetup
const memory = new SharedArrayBuffer(shared.count * Int32Array.BYTES_PER_ELEMENT)
const state = new Int32Array(memory)
// As a source, and in the bundle.
const killerFile = new URL(`killer${extname(import.meta.url)}`, import.meta.url)
const killer = new Worker(killerFile, { workerData: memory })
await once(killer, 'online')

const isPublisher = way !== 'capture'
const queue = await openUpdateQueue<LiveSchema>({
  process: name,
  definition,
  host,
  // On however busy a machine: it is no failure of what is tried here.
  clusterTimeoutMs: patienceMs,
  ...(isPublisher && { publishes: [...liveNames] }),
})
const { incarnation } = queue.identity

const at = (instant: CrashInstant): void =>
  void Atomics.store(state, shared.instant, crashInstants.indexOf(instant))

/** What a transaction inserts: a row of each table. */
function insertsOf(count: number): Insert[] {
  const ID = `${name}-${count}`
  return [
    { table: 'ACCOUNT', kind: 'insert', record: { ID, OWNER: incarnation, AMOUNT: count } },
    { table: 'ENTRY', kind: 'insert', record: { ACCOUNT: ID, NUMBER: 1, AMOUNT: count } },
  ]
}
type Insert = NewUpdate<LiveSchema>

function transactionOfSqlite(): (inserts: readonly Insert[]) => void {
  const file = new DatabaseSync(place, { timeout: 60_000 })
  file.exec('pragma synchronous = off')
  const database = way === 'sqlite' ? publishCommitsOfFile(file, queue) : file
  const statements = {
    ACCOUNT: database.prepare('insert into ACCOUNT values (?, ?, ?)'),
    ENTRY: database.prepare('insert into ENTRY values (?, ?, ?)'),
  }
  return (inserts) => {
    at('in the transaction')
    database.exec('begin immediate')
    for (const { table, record } of inserts) statements[table].run(...Object.values(record))
    at('in COMMIT')
    database.exec('commit')
    at(way === 'sqlite' ? 'behind publish()' : 'between COMMIT and publish()')
  }
}

function transactionOfPostgres(): (inserts: readonly Insert[]) => Promise<void> {
  const pool = new Pool({ connectionString: place, max: 1 })
  if (isPublisher) publishCommitsOfPool(pool, queue)
  return async (inserts) => {
    const client = await pool.connect()
    at('in the transaction')
    await client.query('begin')
    for (const { table, record } of inserts)
      await client.query(`insert into "${table}" values ($1, $2, $3)`, Object.values(record))
    at('in COMMIT')
    await client.query('commit')
    at('behind publish()')
    client.release()
  }
}

function writing(): (inserts: readonly Insert[]) => unknown {
  if (way === 'postgres' || way === 'capture') return transactionOfPostgres()
  const run = transactionOfSqlite()
  if (way === 'sqlite') return run
  if (way === 'commit()')
    return (inserts) =>
      queue.commit(
        (changed) => {
          changed(inserts)
          run(inserts)
        },
        { onPublished: () => at('behind publish()') },
      )
  return (inserts) => {
    run(inserts)
    queue.publish(inserts)
    at('behind publish()')
  }
}

const write = writing()
let lasts = 0
for (let count = 0; ; count++) {
  if (count === before - 1) {
    Atomics.store(state, shared.stage, stages.isNear)
    Atomics.notify(state, shared.stage)
  } else if (count === before) {
    Atomics.store(state, shared.afterMicroseconds, Math.round(when * lasts * 1000))
    Atomics.store(state, shared.stage, stages.isBegun)
  }
  const began = performance.now()
  await write(insertsOf(count))
  lasts = performance.now() - began
  // Here the queue sends.
  await nextTurn()
}
