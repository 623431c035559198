/** Commits to a database of its own, then publishes what it committed, until it is killed. */
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { NewUpdate } from '../../../../src/index.ts'
import { openUpdateQueue } from '../../../../src/index.ts'
import { orderRecord } from '../order.ts'
import { serve } from '../serve.ts'
import { tellerTables } from '../teller-database.ts'

/** Waits for the subscribers after so many updates, well below what is retained. */
const flushEvery = 10_000

/** Transactions of one turn of the event loop. */
const transactionsPerTurn = 20

/** One transaction in so many is rolled back. */
const rollbackEvery = 17

export interface TellerOptions {
  readonly name: string
  readonly definition: string
  readonly host: string
  readonly database: string
}

const random = (below: number): number => Math.floor(Math.random() * below)

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file)
  // SIGKILL takes nothing from the system's page cache: no need to wait for the disk.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF')
  database.exec(
    'CREATE TABLE IF NOT EXISTS change (life TEXT, txn INTEGER, name TEXT, number INTEGER, nonce INTEGER)',
  )
  return database
}

async function tell({ name, definition, host, database: file }: TellerOptions): Promise<void> {
  const database = openDatabase(file)
  const insert = database.prepare('INSERT INTO change VALUES (?, ?, ?, ?, ?)')
  const queue = await openUpdateQueue({ process: name, definition, host, drainMs: 10_000 })
  const { incarnation } = queue.identity
  const committed = new Map<string, number>(tellerTables.map((table) => [table, 0]))
  for (let txn = 1, sinceFlush = 0; ; txn += 1) {
    const size = 1 + random(4)
    const numbers = new Map(committed)
    const updates: NewUpdate[] = []
    database.exec('BEGIN')
    for (let index = 0; index < size; index += 1) {
      const table = tellerTables[random(tellerTables.length)] as string
      const number = (numbers.get(table) ?? 0) + 1
      const nonce = random(2 ** 31)
      numbers.set(table, number)
      insert.run(incarnation, txn, table, number, nonce)
      updates.push({ table, kind: 'insert', record: orderRecord(name, number, size, nonce) })
    }
    if (txn % rollbackEvery === 0) {
      database.exec('ROLLBACK')
      continue
    }
    database.exec('COMMIT')
    for (const [table, number] of numbers) committed.set(table, number)
    queue.publish(updates)
    sinceFlush += size
    if (txn % transactionsPerTurn === 0) await nextTurn()
    if (sinceFlush < flushEvery) continue
    await queue.flush()
    sinceFlush = 0
  }
}

const calls = {
  /** Resolves when the first life's work has begun; it ends with the process. */
  start(options: TellerOptions) {
    void tell(options).catch((error: unknown) => {
      console.error(error)
      process.exitCode = 1
      process.disconnect()
    })
  },
}

export type TellerCalls = typeof calls

serve(calls)
