import { expect, it } from 'vitest'
import type { OutputMessage, Relation } from './pgoutput.ts'
import { TransactionAssembly } from './transaction-assembly.ts'

const relation = (oid: number, name: string): Relation => ({
  type: 'relation',
  oid,
  schema: 'public',
  name,
  identity: 'd',
  columns: [{ name: 'id', typeOid: 23, isKey: true }],
})
const trade = relation(1, 'trade')
const position = relation(2, 'position')
const begin = (commitPosition: bigint): OutputMessage => ({
  type: 'begin',
  commitPosition,
  transaction: 7,
})
const commit = (endPosition: bigint): OutputMessage => ({
  type: 'commit',
  commitPosition: endPosition - 1n,
  endPosition,
})
const insert = (oid: number, id: string): OutputMessage => ({ type: 'insert', oid, row: [id] })

/** What comes of these messages, each of which counts as 36 bytes, 100 with what a row takes. */
function assembled(maxBytes: number, ...messages: readonly OutputMessage[]) {
  const assembly = new TransactionAssembly(maxBytes)
  return messages.flatMap((message) => assembly.add(message, 36) ?? [])
}

it('a transaction is whole with its commit, and has its rows in order', () => {
  const [transaction, ...more] = assembled(
    1000,
    begin(9n),
    trade,
    insert(1, '1'),
    { type: 'other' },
    { type: 'update', oid: 1, oldKey: ['1'], row: ['2'] },
    { type: 'delete', oid: 1, old: ['2'] },
    commit(10n),
  )
  expect(more).toEqual([])
  expect(transaction).toMatchObject({
    transaction: 7,
    commitPosition: 9n,
    endPosition: 10n,
    bytes: 300,
  })
  expect(transaction?.rows).toEqual([
    { kind: 'insert', relation: trade, row: ['1'], old: null, oldKey: null },
    { kind: 'modify', relation: trade, row: ['2'], old: null, oldKey: ['1'] },
    { kind: 'delete', relation: trade, row: null, old: ['2'], oldKey: null },
  ])
})

it('what one transaction has is not in the next', () => {
  const transactions = assembled(
    1000,
    begin(9n),
    trade,
    position,
    { type: 'truncate', oids: [1, 2] },
    insert(1, '1'),
    commit(10n),
    begin(19n),
    insert(2, 'A'),
    commit(20n),
  )
  expect(transactions.map(({ rows, resets }) => [rows.length, [...resets.keys()]])).toEqual([
    [1, [trade, position]],
    [1, []],
  ])
})

it('a row belongs to its table as it was told last before it', () => {
  const altered: Relation = { ...trade, columns: [...trade.columns, ...position.columns] }
  const [transaction] = assembled(
    1000,
    begin(9n),
    trade,
    insert(1, '1'),
    altered,
    insert(1, '2'),
    commit(10n),
  )
  expect(transaction?.rows.map((row) => row.relation)).toEqual([trade, altered])
})

it('C3: of a transaction that is too large only its tables are kept, and the next one is whole', () => {
  const transactions = assembled(
    250,
    begin(9n),
    position,
    insert(2, 'A'),
    trade,
    insert(1, '1'),
    insert(1, '2'),
    insert(1, '3'),
    commit(10n),
    begin(19n),
    insert(1, '4'),
    commit(20n),
  )
  expect(transactions.map(({ rows, resets, bytes }) => [rows.length, [...resets], bytes])).toEqual([
    [
      0,
      [
        [position, 'a transaction of more than 250 bytes'],
        [trade, 'a transaction of more than 250 bytes'],
      ],
      250,
    ],
    [1, [], 100],
  ])
})

it('what makes no sense is told', () => {
  expect(() => assembled(1000, begin(9n), insert(3, '1'))).toThrow(
    'a change of the table 3, of which nothing was said',
  )
  expect(() => assembled(1000, commit(3n))).toThrow('a commit without a begin')
})
