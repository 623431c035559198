import type { LayerCases } from '../layer-cases.ts'
import { book, close, db, queue, trade } from '../printed/typeorm/bookings.ts'
import { noted } from './noted.ts'

export const cases: LayerCases = {
  book,
  close,
  bookAndThrow: (id, account) =>
    db.transaction(async (tx) => {
      await tx.insert(trade, { id, account, price: '100' })
      throw new Error('thrown')
    }),
  bookBehindError: (id, account) =>
    db.transaction(async (tx) => {
      await tx.insert(trade, { id, account, price: '100' })
      await tx.query('select 1 / 0').catch(() => undefined)
    }),
  bookInParts: (first, undone, second, account) =>
    db.transaction(async (tx) => {
      const insert = (id: string) => ({ id, account, price: '100' })
      await tx.insert(trade, insert(first))
      const part = tx.transaction(async (within) => {
        await within.insert(trade, insert(undone))
        throw new Error('undone')
      })
      await part.catch(() => undefined)
      await tx.transaction(async (within) => {
        await within.insert(trade, insert(second))
      })
    }),
  raise: async (account) => {
    await db.query('update trade set price = price + 1 where account = $1', [account])
  },
  ...noted(queue, (id, behind) =>
    db.transaction(async (tx) => {
      await tx.query('insert into note values ($1)', [id])
      behind()
    }),
  ),
}
