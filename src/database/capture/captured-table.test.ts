import { expect, it } from 'vitest'
import { CapturedTable, type ParseValue } from './captured-table.ts'
import type { Relation } from './pgoutput.ts'
import type { CapturedRow } from './transaction-assembly.ts'

const relation = (identity: string): Relation => ({
  type: 'relation',
  oid: 1,
  schema: 'public',
  name: 'trade',
  identity,
  columns: ['id', 'price', 'note'].map((name) => ({
    name,
    typeOid: 0,
    isKey: identity === 'f' || name === 'id',
  })),
})

const numbers: ParseValue = (text) => text.split(',').map(Number)
const parsers: ParseValue[] = [Number, numbers, (text) => text]

function change(identity: string, row: Partial<CapturedRow>, generated: readonly string[] = []) {
  const table = new CapturedTable('trade', relation(identity), parsers, ['id'], generated)
  const whole = {
    kind: 'modify' as const,
    relation: relation(identity),
    row: null,
    old: null,
    oldKey: null,
  }
  return table.change({ ...whole, ...row }, 5n)
}

it('an insert has all columns, parsed', () => {
  expect(change('d', { kind: 'insert', row: ['1', '2,3', null] })).toEqual({
    table: 'trade',
    kind: 'insert',
    record: { id: 1, price: [2, 3], note: null },
    version: 5n,
  })
})

it('by a key: before a change there is only the key, where it changed; of what was deleted the key', () => {
  expect(change('d', { row: ['2', '1', 'a'], oldKey: ['1', null, null] })).toMatchObject({
    record: { id: 2 },
    before: { id: 1 },
  })
  expect(change('d', { kind: 'delete', oldKey: ['1', null, null] })).toEqual({
    table: 'trade',
    kind: 'delete',
    record: { id: 1 },
    version: 5n,
  })
})

it('by the whole row: before a change there is all, and large values that did not change are taken from there', () => {
  const old = ['1', '2', 'large']
  expect(change('f', { row: ['1', '3', undefined], old })).toEqual({
    table: 'trade',
    kind: 'modify',
    record: { id: 1, price: [3], note: 'large' },
    before: { id: 1, price: [2], note: 'large' },
    version: 5n,
  })
  expect(change('f', { kind: 'delete', old })).toMatchObject({
    record: { id: 1, price: [2], note: 'large' },
  })
})

it('C3: a large value that was not sent is a reset of the row, of the old key too', () => {
  expect(change('d', { row: ['2', '3', undefined], oldKey: ['1', null, null] })).toEqual({
    table: 'trade',
    kind: 'reset',
    reason: 'a large value that was not changed was not sent',
    keys: [{ id: 2 }, { id: 1 }],
  })
})

it.each(['1,NaN', 'Infinity'])('a list that cannot travel (%s) is a reset of the row', (price) => {
  expect(change('d', { kind: 'insert', row: ['1', price, null] })).toEqual({
    table: 'trade',
    kind: 'reset',
    reason: 'a value of price cannot travel',
    keys: [{ id: 1 }],
  })
})

it('C3: with a generated column, which is not sent, each change of a row is a reset of it; a delete is a delete', () => {
  expect(change('d', { kind: 'insert', row: ['1', '1', null] }, ['total'])).toMatchObject({
    kind: 'reset',
    reason: 'the generated column total is not sent',
    keys: [{ id: 1 }],
  })
  expect(change('d', { kind: 'insert', row: ['1', '1', null] }, ['note'])).toMatchObject({
    kind: 'insert',
  })
  expect(change('d', { kind: 'delete', oldKey: ['1', null, null] }, ['total'])).toMatchObject({
    kind: 'delete',
  })
})

it('where nothing identifies a row the reset is of the table', () => {
  const table = new CapturedTable('trade', relation('n'), parsers, [], [])
  const row = {
    kind: 'insert' as const,
    relation: relation('n'),
    row: ['1', 'NaN', null],
    old: null,
    oldKey: null,
  }
  expect(table.change(row, 5n)).toEqual({
    table: 'trade',
    kind: 'reset',
    reason: 'a value of price cannot travel',
  })
})
