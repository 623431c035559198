import { expect, it } from 'vitest'
import { beginOf, kindOf } from './statement-kind.ts'

it('a statement is known by its first word, whatever stands before it', () => {
  const kinds = {
    'begin immediate': 'begin',
    ' \n/* commit; */ -- insert\n ;;INSERT into t values (1)': 'write',
    '\uFEFFreplace into t values (1)': 'write',
    'end transaction': 'commit',
    'Release x': 'release',
    'rollback to x': 'rollback',
    'with x as (select 1) delete from t': 'with',
    'alter table t add column c': 'schema',
    'pragma user_version': 'read',
    'explain insert into t values (1)': 'read',
    insertion: 'read',
    '/* never ends': 'read',
    '': 'read',
  }
  expect(Object.fromEntries(Object.keys(kinds).map((sql) => [sql, kindOf(sql)]))).toEqual(kinds)
})

it('what SQLite passes over before a statement may be long', () => {
  const sql = `${'/* * ** */ -- x\n'.repeat(20_000)}commit`
  expect(beginOf(sql)).toBe(sql.length - 'commit'.length)
  expect(kindOf(sql)).toBe('commit')
})
