import type { Knex } from 'knex'
import type { UpdateQueue } from 'tidings'
import type { LayerCases } from '../layer-cases.ts'
import { noted } from './noted.ts'

type Sample = Pick<LayerCases, 'book' | 'close'> & { knex: Knex; queue: UpdateQueue }

/** With whatever pool of Knex. */
export function knexCases({ knex, queue, book, close }: Sample): LayerCases {
  return {
    book,
    close,
    bookAndThrow: (id, account) =>
      knex.transaction(async (trx) => {
        await trx('trade').insert({ id, account, price: 100 })
        throw new Error('thrown')
      }),
    bookBehindError: (id, account) =>
      knex.transaction(async (trx) => {
        await trx('trade').insert({ id, account, price: 100 })
        await trx.raw('select 1 / 0').catch(() => undefined)
      }),
    bookInParts: (first, undone, second, account) =>
      knex.transaction(async (trx) => {
        const insert = (id: string) => ({ id, account, price: 100 })
        await trx('trade').insert(insert(first))
        const part = trx.transaction(async (within) => {
          await within('trade').insert(insert(undone))
          throw new Error('undone')
        })
        await part.catch(() => undefined)
        await trx.transaction(async (within) => {
          await within('trade').insert(insert(second))
        })
      }),
    raise: async (account) => {
      await knex.raw('update trade set price = price + 1 where account = ?', [account])
    },
    ...noted(queue, (id, behind) =>
      knex.transaction(async (trx) => {
        await trx('note').insert({ id })
        behind()
      }),
    ),
  }
}
