import { DatabaseSync } from 'node:sqlite'
import { Inject, Injectable } from '@nestjs/common'
import type { UpdateQueue } from 'tidings'
import { publishCommits } from 'tidings/sqlite'
import { OnDelivery, UPDATE_QUEUE } from './update-queue.js'

/** Sets prices, and knows the sum of all: it is read anew when some process has committed one. */
@Injectable()
export class TradesService {
  readonly #database: DatabaseSync
  #sum: number | null = null
  #reads = 0

  constructor(@Inject(UPDATE_QUEUE) queue: UpdateQueue) {
    const file = new DatabaseSync('trades.db', { timeout: 5000 })
    file.exec('pragma journal_mode = wal')
    file.exec('create table if not exists TRADE (ID text primary key, PRICE real not null) strict')
    this.#database = publishCommits(file, queue)
  }

  set(id: string, price: number): void {
    this.#database
      .prepare('insert into TRADE values (?, ?) on conflict do update set PRICE = excluded.PRICE')
      .run(id, price)
  }

  sum(): { sum: number; reads: number } {
    if (this.#sum === null) {
      this.#reads += 1
      const row = this.#database.prepare('select total(PRICE) as SUM from TRADE').get()
      this.#sum = Number(row?.['SUM'])
    }
    return { sum: this.#sum, reads: this.#reads }
  }

  /** Updates and losses alike: what was read before may not be so any more. */
  @OnDelivery(['TRADE'])
  forget(): void {
    this.#sum = null
  }
}
