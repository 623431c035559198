import { DatabaseSync } from 'node:sqlite'

export function openTrades() {
  const database = new DatabaseSync('trades.db', { timeout: 5000 })
  database.exec('pragma journal_mode = wal')
  database.exec(
    'create table if not exists TRADE (ID text primary key, PRICE real not null) strict',
  )
  return database
}
