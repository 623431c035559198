import { DatabaseSync } from 'node:sqlite'
import type { UpdateQueue } from 'tidings'
import { publishCommits } from 'tidings/sqlite'

export interface Trade {
  ID: string
  PRICE: number
}

export type TradeQueue = UpdateQueue<{ TRADE: Trade }>

/** Trades in SQLite; whatever commits there is published. */
export function openTrades(queue: TradeQueue) {
  const file = new DatabaseSync('trades.db', { timeout: 5000 })
  file.exec('pragma journal_mode = wal')
  file.exec('create table if not exists TRADE (ID text primary key, PRICE real not null) strict')
  const database = publishCommits(file, queue)
  const all = database.prepare('select * from TRADE order by ID')
  const set = database.prepare(
    'insert into TRADE values (?, ?) on conflict do update set PRICE = excluded.PRICE returning *',
  )
  return {
    all: () => all.all() as unknown as Trade[],
    set: (id: string, price: number) => set.get(id, price) as unknown as Trade,
  }
}
