import type { LayerCases } from '../layer-cases.ts'
import { book, close, db, queue, Trade } from '../printed/sequelize/bookings.ts'
import { noted } from './noted.ts'

export const cases: LayerCases = {
  book,
  close,
  bookAndThrow: (id, account) =>
    db.transaction(async (transaction) => {
      await Trade.create({ id, account, price: 100 }, { transaction })
      throw new Error('thrown')
    }),
  bookBehindError: (id, account) =>
    db.transaction(async (transaction) => {
      await Trade.create({ id, account, price: 100 }, { transaction })
      await db.query('select 1 / 0', { transaction }).catch(() => undefined)
    }),
  bookInParts: (first, undone, second, account) =>
    db.transaction(async (transaction) => {
      const insert = (id: string) => ({ id, account, price: 100 })
      await Trade.create(insert(first), { transaction })
      const part = db.transaction({ transaction }, async (within) => {
        await Trade.create(insert(undone), { transaction: within })
        throw new Error('undone')
      })
      await part.catch(() => undefined)
      await db.transaction({ transaction }, async (within) => {
        await Trade.create(insert(second), { transaction: within })
      })
    }),
  raise: async (account) => {
    await db.query('update trade set price = price + 1 where account = $1', { bind: [account] })
  },
  ...noted(queue, (id, behind) =>
    db.transaction(async (transaction) => {
      await db.query('insert into note values ($1)', { bind: [id], transaction })
      behind()
    }),
  ),
}
