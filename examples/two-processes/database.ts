import { DatabaseSync } from 'node:sqlite'

export interface Price {
  ID: string
  AMOUNT: number
}

/** Each process has a connection of its own to the one file. */
export function openDatabase(): DatabaseSync {
  const database = new DatabaseSync('prices.db', { timeout: 5000 })
  database.exec('pragma journal_mode = wal')
  database.exec(
    'create table if not exists PRICE (ID text primary key, AMOUNT real not null) strict',
  )
  return database
}
