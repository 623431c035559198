import type { LayerCases } from '../layer-cases.ts'
import { book, close, prisma, queue } from '../printed/prisma/bookings.ts'
import { noted } from './noted.ts'

export const cases: LayerCases = {
  book,
  close,
  bookAndThrow: (id, account) =>
    prisma.$transaction(async (tx) => {
      await tx.trade.create({ data: { id, account, price: 100 } })
      throw new Error('thrown')
    }),
  bookBehindError: (id, account) =>
    prisma.$transaction(async (tx) => {
      await tx.trade.create({ data: { id, account, price: 100 } })
      await tx.$queryRaw`select 1 / 0`.catch(() => undefined)
    }),
  bookInParts: (first, undone, second, account) =>
    prisma.$transaction(async (tx) => {
      const insert = (id: string) => ({ data: { id, account, price: 100 } })
      await tx.trade.create(insert(first))
      const part = tx.$transaction(async (within) => {
        await within.trade.create(insert(undone))
        throw new Error('undone')
      })
      await part.catch(() => undefined)
      await tx.$transaction(async (within) => {
        await within.trade.create(insert(second))
      })
    }),
  raise: async (account) => {
    await prisma.$executeRaw`update trade set price = price + 1 where account = ${account}`
  },
  ...noted(queue, (id, behind) =>
    prisma.$transaction(async (tx) => {
      await tx.$executeRaw`insert into note values (${id})`
      behind()
    }),
  ),
}
