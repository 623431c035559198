import { describe, expect, it } from 'vitest'
import {
  checkTableName,
  decodeTableName,
  encodeTableName,
  parseTopic,
  replyTopic,
  statusTopic,
  updateTopic,
} from './topic.ts'

const id = '0123456789abcdef'.repeat(2)

describe('the topic of a table', () => {
  it('W1: is no prefix of the topic of another table', () => {
    const names = ['TRADE', 'TRADE_AUDIT', 'TRADE.', 'TRADE/X', 'T', '%', '%2F']
    const topics = names.map(updateTopic)
    for (const topic of topics)
      expect(topics.filter((other) => other.startsWith(topic))).toEqual([topic])
  })

  it('W1: has everything but plain characters percent-encoded, by its bytes', () => {
    expect(encodeTableName('Trade_1.x-y')).toBe('Trade_1.x-y')
    expect(updateTopic('a b/ü%')).toBe('table/a%20b%2F%C3%BC%25/')
  })

  it('W1: names the table that it was made of', () => {
    for (const table of ['TRADE', 'a b/ü%', '山', '\u0000', '/', 'table/'])
      expect(parseTopic(updateTopic(table))).toEqual({ plane: 'table', table })
  })
})

describe('what is no topic of ours', () => {
  it.each([
    'table/TRADE',
    'table/TRADE/x',
    'table//',
    'table/a b/',
    'table/%7/',
    'table/%2f/',
    'table/%41/',
    'table/%FF/',
    `status/${id}`,
    `status/${id.toUpperCase()}/`,
    'status/1/',
    `reply/${id}0/`,
    'other/x/',
    '',
  ])('W1: %j names nothing', (topic) => {
    expect(parseTopic(topic)).toBeNull()
  })

  it('W1: a name is decoded only from the one way to encode it', () => {
    expect(decodeTableName('%41')).toBeNull()
    expect(decodeTableName('%2f')).toBeNull()
  })
})

it('W1: incarnations and subscribers have topics of their own; table/ is that of all tables', () => {
  expect(parseTopic(statusTopic(id))).toEqual({ plane: 'status', incarnation: id })
  expect(parseTopic(replyTopic(id))).toEqual({ plane: 'reply', subscriber: id })
  expect(parseTopic('table/')).toEqual({ plane: 'table', table: null })
})

it('W1: a table is Unicode, not empty, and not *', () => {
  for (const table of ['', '*', '\ud800', 'A\udc00', undefined, 5, null])
    expect(() => checkTableName(table)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  for (const table of ['TRADE', 'ü 山 💥', '**', 'toString'])
    expect(() => checkTableName(table)).not.toThrow()
  expect(() => checkTableName('x'.repeat(256))).toThrow(
    expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
  )
})
