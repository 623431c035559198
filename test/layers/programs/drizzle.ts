import { sql } from 'drizzle-orm'
import type { LayerCases } from '../layer-cases.ts'
import { book, close, db, queue, trade } from '../printed/drizzle/bookings.ts'
import { noted } from './noted.ts'

export const cases: LayerCases = {
  book,
  close,
  bookAndThrow: (id, account) =>
    db.transaction(async (tx) => {
      await tx.insert(trade).values({ id, account, price: '100' })
      throw new Error('thrown')
    }),
  bookBehindError: (id, account) =>
    db.transaction(async (tx) => {
      await tx.insert(trade).values({ id, account, price: '100' })
      await tx.execute(sql`select 1 / 0`).catch(() => undefined)
    }),
  bookInParts: (first, undone, second, account) =>
    db.transaction(async (tx) => {
      const insert = (id: string) => ({ id, account, price: '100' })
      await tx.insert(trade).values(insert(first))
      const part = tx.transaction(async (within) => {
        await within.insert(trade).values(insert(undone))
        within.rollback()
      })
      await part.catch(() => undefined)
      await tx.transaction(async (within) => {
        await within.insert(trade).values(insert(second))
      })
    }),
  raise: async (account) => {
    await db.execute(sql`update trade set price = price + 1 where account = ${account}`)
  },
  ...noted(queue, (id, behind) =>
    db.transaction(async (tx) => {
      await tx.execute(sql`insert into note values (${id})`)
      behind()
    }),
  ),
}
