import { DatabaseSync } from 'node:sqlite'
import { changed } from 'tidings'

export interface Account {
  ID: string
  AMOUNT: number
  /** Counts the changes of the row: what orders those of several processes. */
  VERSION: number
}

const database = new DatabaseSync('accounts.db', { timeout: 5000 })
database.exec('pragma journal_mode = wal')
database.exec(`create table if not exists ACCOUNT
  (ID text primary key, AMOUNT integer not null check (AMOUNT >= 0), VERSION integer not null) strict`)
database.exec(`insert or ignore into ACCOUNT values ('A', 100, 1), ('B', 100, 1)`)

const add = database.prepare(
  'update ACCOUNT set AMOUNT = AMOUNT + ?, VERSION = VERSION + 1 where ID = ? returning *',
)
const all = database.prepare('select * from ACCOUNT')

/** What `queue.commit()` is given: any function that runs a transaction, of whatever data layer. */
export function inTransaction<Result>(work: () => Result): Result {
  database.exec('begin immediate')
  try {
    const result = work()
    database.exec('commit')
    return result
  } catch (error) {
    database.exec('rollback')
    throw error
  }
}

/** Knows nothing of the queue: `changed()` belongs to the `commit()` around it. */
export function change(id: string, amount: number): Account {
  const row = add.get(amount, id)
  if (!row) throw new Error(`there is no account ${id}`)
  const record = { ...row } as unknown as Account
  changed({ table: 'ACCOUNT', kind: 'modify', record, version: BigInt(record.VERSION) })
  return record
}

export const readAccounts = (): Account[] =>
  all.all().map((row) => ({ ...row }) as unknown as Account)
