import { expect, it } from 'vitest'
import type { Delivery } from '../../../src/model/update.ts'
import type { LiveSchema } from '../live/live-database.ts'
import { Heard } from './heard.ts'

const publisher = { node: 'a', process: 'W0', instance: '', incarnation: 'i0' }
const transaction = { id: 'W0-1', incarnation: 'i0' }
const updates = {
  ACCOUNT: { table: 'ACCOUNT', kind: 'insert', record: { ID: 'W0-1', OWNER: 'i0', AMOUNT: 1 } },
  ENTRY: { table: 'ENTRY', kind: 'insert', record: { ACCOUNT: 'W0-1', NUMBER: 1, AMOUNT: 1 } },
} as const
type Table = keyof typeof updates

const delivery = (...tables: Table[]) =>
  ({
    type: 'updates',
    updates: tables.map((table) => updates[table]),
  }) as unknown as Delivery<LiveSchema>
const loss = (table: Table, to: number | null = null): Delivery<LiveSchema> => ({
  type: 'loss',
  losses: [{ table, publisher, from: 1, to, reason: 'gone' }],
})

function heardOf(...deliveries: Delivery<LiveSchema>[]): Heard {
  const heard = new Heard()
  for (const each of deliveries) heard.take(each)
  return heard
}

it('a row that was committed has to come, or to lie in the open loss of its publisher and table', () => {
  const all = ['ACCOUNT W0-1', 'ENTRY W0-1']
  expect(heardOf().missing([transaction])).toEqual({ rows: all, silent: all })
  expect(heardOf(delivery('ACCOUNT', 'ENTRY')).missing([transaction])).toEqual({
    rows: [],
    silent: [],
  })
  expect(heardOf(loss('ACCOUNT')).missing([transaction])).toEqual({
    rows: all,
    silent: ['ENTRY W0-1'],
  })
  expect(heardOf(loss('ACCOUNT', 0)).missing([transaction]).silent).toEqual(all)
})

it('the end of a process is told when each of its tables has an open loss', () => {
  expect(heardOf(loss('ACCOUNT')).hasEndOf([transaction])).toBe(false)
  expect(heardOf(loss('ACCOUNT'), loss('ENTRY')).hasEndOf([transaction])).toBe(true)
})

it('a row of a transaction that is not in the database is found, and one that came in parts', () => {
  const whole = heardOf(delivery('ACCOUNT', 'ENTRY'))
  expect([whole.beside([transaction]), whole.apart([transaction])]).toEqual([[], []])
  expect(whole.beside([])).toEqual(['ACCOUNT W0-1', 'ENTRY W0-1'])
  expect(heardOf(delivery('ACCOUNT'), delivery('ENTRY')).apart([transaction])).toEqual(['W0-1'])
})
