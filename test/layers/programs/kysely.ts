import { sql } from 'kysely'
import type { LayerCases } from '../layer-cases.ts'
import { book, close, db, queue } from '../printed/kysely/bookings.ts'
import { noted } from './noted.ts'

export const cases: LayerCases = {
  book,
  close,
  bookAndThrow: (id, account) =>
    db.transaction().execute(async (tx) => {
      await tx.insertInto('trade').values({ id, account, price: '100' }).execute()
      throw new Error('thrown')
    }),
  bookBehindError: (id, account) =>
    db.transaction().execute(async (tx) => {
      await tx.insertInto('trade').values({ id, account, price: '100' }).execute()
      await sql`select 1 / 0`.execute(tx).catch(() => undefined)
    }),
  bookInParts: async (first, undone, second, account) => {
    const tx = await db.startTransaction().execute()
    const price = '100'
    await tx.insertInto('trade').values({ id: first, account, price }).execute()
    const part = await tx.savepoint('part').execute()
    await part.insertInto('trade').values({ id: undone, account, price }).execute()
    await part.rollbackToSavepoint('part').execute()
    await part.releaseSavepoint('part').execute()
    const other = await tx.savepoint('other').execute()
    await other.insertInto('trade').values({ id: second, account, price }).execute()
    await other.releaseSavepoint('other').execute()
    await tx.commit().execute()
  },
  raise: async (account) => {
    await sql`update trade set price = price + 1 where account = ${account}`.execute(db)
  },
  ...noted(queue, (id, behind) =>
    db.transaction().execute(async (tx) => {
      await sql`insert into note values (${id})`.execute(tx)
      behind()
    }),
  ),
}
