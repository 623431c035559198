import { expect, it } from 'vitest'
import type { Message } from '../model/message.ts'
import { identity, isBatch, Pair } from '../../test/harness/pair.ts'
import { SeenBatches } from './seen-batches.ts'

it('D7: agrees with a batch that comes again, and not with other bytes under its number', () => {
  const seen = new SeenBatches()
  expect(seen.agrees(1, 10)).toBe(true)
  expect(seen.agrees(2, 20)).toBe(true)
  expect(seen.agrees(1, 10)).toBe(true)
  expect(seen.agrees(1, 11)).toBe(false)
  for (let first = 3; first < 100; first += 1) seen.agrees(first, first)
  expect(seen.agrees(1, 11)).toBe(true)
})

it('D7: a clone of a publisher is told once for each stream, and the first of its updates stays', () => {
  const pair = new Pair(['A']).ready()
  const clone = pair.addPublisher(identity)
  pair.publish(['A'])
  pair.deliver()
  clone.publish([{ table: 'A', kind: 'delete', record: { other: true } }])
  clone.endTurn(pair.now, pair.now)
  pair.deliver(({ kind }: Message) => kind !== 'batch')
  clone.publish([{ table: 'A', kind: 'delete', record: { other: true } }])
  pair.publish(['A'])
  clone.endTurn(pair.now, pair.now)
  pair.deliver((message) => !isBatch(message))
  expect(pair.received).toEqual(['A1', 'A2'])
  expect(pair.got.map(({ updates }) => updates[0]?.kind)).toEqual(['insert', 'insert'])
  expect(pair.events.filter(({ type }) => type === 'publisher-cloned')).toEqual([
    { type: 'publisher-cloned', publisher: identity, table: 'A', sequence: 1 },
  ])
  expect(pair.told('refused')).toBe(2)
})

it('D7: a replay of what was here is no clone', () => {
  const pair = new Pair(['A']).ready()
  pair.publish(['A'])
  const [batch] = pair.wire
  pair.deliver()
  pair.subscription.onMessage(batch as Message, pair.now)
  expect(pair.told('publisher-cloned')).toBe(0)
})
