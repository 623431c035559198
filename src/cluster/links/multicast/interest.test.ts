import { beforeEach, expect, test } from 'vitest'
import { Interest } from './interest.ts'
import { WantedTopics } from './wanted-topics.ts'

let interest: Interest
let wanted: WantedTopics
beforeEach(() => {
  interest = new Interest(1_000)
  wanted = new WantedTopics()
})

const tell = () => {
  const changes = interest.takeChanges()
  if (changes) wanted.take('b', changes)
  return changes
}

test('X9: what has changed is told, and what came and went is not', () => {
  expect(interest.takeChanges()).toBe(null)
  interest.add('table/A/')
  interest.add('table/A/')
  interest.add('table/B/')
  interest.remove('table/B/')
  interest.remove('table/C/')
  expect(interest.takeChanges()).toEqual({
    type: 'interest',
    since: 0,
    version: 1,
    changes: [{ prefix: 'table/A/', isAdded: true }],
  })
  interest.remove('table/A/')
  expect(interest.takeChanges()).toMatchObject({ since: 1, version: 2 })
  expect(interest.all()).toEqual({ type: 'interest', since: 0, version: 2, changes: [] })
})

test('X9: with more than can be told everything is asked for, until it is less again', () => {
  for (let n = 0; n < 200; n++) interest.add(`table/${n}/`)
  expect(tell()).toMatchObject({ since: 0, changes: [{ prefix: '', isAdded: true }] })
  expect(wanted.nodesWanting(Buffer.from('anything'))).toEqual(['b'])
  interest.add('table/more/')
  expect(tell()).toBe(null)
  for (let n = 0; n < 200; n++) interest.remove(`table/${n}/`)
  expect(tell()).toMatchObject({ since: 0, changes: [{ prefix: 'table/more/', isAdded: true }] })
  expect(wanted.nodesWanting(Buffer.from('anything'))).toEqual([])
})

test('X9: what does not follow what is known changes nothing; all of it does', () => {
  interest.add('a/')
  interest.takeChanges()
  interest.add('b/')
  tell()
  expect([wanted.version('b'), wanted.takeChanges()]).toEqual([0, []])
  wanted.take('b', interest.all())
  expect(wanted.version('b')).toBe(2)
  expect(wanted.takeChanges()).toEqual([
    { prefix: 'a/', isAdded: true },
    { prefix: 'b/', isAdded: true },
  ])
})

test('X9: the union of all nodes is subscribed to: with the first that wants it, until the last does not', () => {
  const add = (prefix: string) => [{ prefix, isAdded: true }]
  wanted.take('b', { type: 'interest', since: 0, version: 1, changes: add('x/') })
  wanted.take('c', { type: 'interest', since: 0, version: 1, changes: add('x/') })
  expect(wanted.takeChanges()).toEqual(add('x/'))
  expect(wanted.nodesWanting(Buffer.from('x/1'))).toEqual(['b', 'c'])
  wanted.forget('b')
  wanted.forget('b')
  expect(wanted.takeChanges()).toEqual([])
  wanted.take('c', { type: 'interest', since: 0, version: 2, changes: [] })
  expect(wanted.takeChanges()).toEqual([{ prefix: 'x/', isAdded: false }])
  expect(wanted.nodesWanting(Buffer.from('x/1'))).toEqual([])
})

test('X9: what is told anew is subscribed to anew', () => {
  interest.add('a/')
  tell()
  wanted.takeChanges()
  wanted.take('b', interest.all())
  expect(wanted.takeChanges()).toEqual([
    { prefix: 'a/', isAdded: false },
    { prefix: 'a/', isAdded: true },
  ])
})

test('X9: prefixes of any length and any bytes count', () => {
  interest.add('')
  interest.add('reply/1/')
  interest.add('\x80\xff')
  tell()
  expect(wanted.nodesWanting(Buffer.of())).toEqual(['b'])
  interest.remove('')
  tell()
  expect(wanted.nodesWanting(Buffer.from('reply/1'))).toEqual([])
  expect(wanted.nodesWanting(Buffer.from('reply/1/x'))).toEqual(['b'])
  expect(wanted.nodesWanting(Buffer.of(0x80, 0xff, 1))).toEqual(['b'])
})
