import { expect, it } from 'vitest'
import { type CommittedChanges, SessionChanges } from './session-changes.ts'

const own = 'PL/pgSQL function tidings.tell_row() line 30 at RAISE'

/** A session, and what it is told: a row by `id`, or what the server says. */
function session(maxBytes = 1_000_000) {
  const changes = new SessionChanges(maxBytes)
  const shown = (committed: CommittedChanges | null): string[] =>
    committed === null
      ? []
      : [
          ...committed.rows.map(({ row }) => row),
          ...Array.from(committed.doubts, ([table, why]) => `${table}: ${why}`),
          ...(committed.isUnknown ? ['unknown'] : []),
        ]
  return {
    tell: (id: string, table = 'trade', where = own) =>
      changes.onNotice({
        code: 'TIDGS',
        message: 'INSERT',
        detail: `(${id})`,
        table,
        dataType: JSON.stringify(['public', table, [['id', 25]]]),
        constraint: '0/1',
        where,
      }),
    done: (tag: string) => shown(changes.onComplete(tag)),
    ready: (status: 'I' | 'T' | 'E') => shown(changes.onReady(status)),
    fail: () => changes.onError(),
    changes,
  }
}

it('what is told before COMMIT is done is committed by it', () => {
  const { tell, done, ready } = session()
  done('BEGIN')
  expect(ready('T')).toEqual([])
  tell('a')
  expect(done('COMMIT')).toEqual(['(a)'])
  expect(ready('I')).toEqual([])
})

it('what a statement without a transaction tells is committed when the server waits again', () => {
  const { tell, done, ready } = session()
  expect(done('INSERT 0 1')).toEqual([])
  tell('a')
  expect(ready('I')).toEqual(['(a)'])
})

it('behind an error, and where COMMIT is answered with ROLLBACK, nothing is committed', () => {
  const { tell, done, ready, fail } = session()
  tell('a')
  fail()
  expect(ready('I')).toEqual([])
  ready('T')
  tell('b')
  ready('T')
  fail()
  ready('E')
  expect(done('ROLLBACK')).toEqual([])
  expect(ready('I')).toEqual([])
})

it('what was told before a part was undone is in doubt if the transaction commits; what was told behind it is not', () => {
  const { tell, done, ready, fail } = session()
  ready('T')
  tell('a')
  done('ROLLBACK')
  ready('T')
  tell('b', 'leg')
  expect(done('COMMIT')).toEqual(['(b)', 'trade: a part of the transaction was rolled back'])
  ready('T')
  tell('c')
  fail()
  ready('E')
  done('ROLLBACK')
  ready('T')
  expect(done('COMMIT')).toEqual(['trade: a part of the transaction failed'])
})

it('a ROLLBACK with a statement behind it in one query undoes nothing of that', () => {
  const { tell, done, ready } = session()
  ready('T')
  tell('a')
  ready('T')
  done('ROLLBACK')
  tell('b')
  done('INSERT 0 1')
  expect(ready('I')).toEqual(['(b)'])
})

it('what a procedure told that failed is in doubt: it may have committed before', () => {
  const { tell, ready, fail } = session()
  ready('I')
  tell('a', 'trade', `${own}\nPL/pgSQL function move() line 3 at COMMIT`)
  tell('b', 'leg')
  fail()
  expect(ready('I')).toEqual(['trade: a function committed, or checked constraints early'])
})

it('of a transaction of more than is kept only the tables are told', () => {
  const { tell, ready } = session(1000)
  for (let row = 0; row < 10; row++) tell(`${row}`)
  tell('l', 'leg')
  expect(ready('I')).toEqual(['(l)', 'trade: a commit of more than 1000 bytes'])
})

it('a table that is altered behind what was told of it is in doubt', () => {
  const { tell, done, ready } = session()
  ready('T')
  tell('a')
  done('ALTER TABLE')
  expect(done('COMMIT')).toEqual(['trade: it was altered in the same transaction'])
})

it('what is prepared is told by nobody until somebody commits it: then nobody knows what it is', () => {
  const { tell, done, ready } = session()
  ready('T')
  tell('a')
  done('PREPARE TRANSACTION')
  expect(ready('I')).toEqual([])
  expect(done('COMMIT PREPARED')).toEqual(['unknown'])
})

it('notices of others are none of ours', () => {
  expect(session().changes.onNotice({ code: '00000', message: 'INSERT' })).toBe(false)
})
