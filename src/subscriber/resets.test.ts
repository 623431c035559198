import { describe, expect, it } from 'vitest'
import type { Message } from '../model/message.ts'
import type { NewChange } from '../model/reset.ts'
import { Pair } from '../../test/harness/pair.ts'

const row = (table: string): NewChange => ({ table, kind: 'insert', record: { place: 0 } })
const reset = (table: string): NewChange => ({ table, kind: 'reset', reason: 'why' })
const isReset = (message: Message) => message.kind === 'batch' && message.reset !== undefined

/** Each commit is a list of changes; all of them are one parcel. */
function publish(pair: Pair, ...commits: NewChange[][]): void {
  for (const changes of commits) pair.publisher.publish(changes)
  pair.publisher.closeTurn(pair.now, pair.now)
}

describe('a reset', () => {
  it('D26: is told as a loss of its own sequence, in its place', () => {
    const pair = new Pair(['A']).ready()
    publish(pair, [row('A')], [reset('A')], [row('A')])
    pair.deliver()
    expect(pair.order).toEqual(['A1', 'lost A2..2', 'A3'])
    expect(pair.losses).toMatchObject([{ reason: 'reset', text: 'why', from: 2, to: 2 }])
    expect(pair.told('refused')).toBe(0)
  })

  it('D26: comes behind all updates of its commit, and before those of later commits', () => {
    const pair = new Pair(['A', 'B']).ready()
    publish(pair, [row('A')], [reset('B'), row('A'), row('B')], [row('A')], [reset('A'), row('B')])
    pair.deliver()
    expect(pair.order).toEqual(['A1', 'A2', 'B1', 'lost B2..2', 'A3', 'B3', 'lost A4..4'])
  })

  it('D26: leaves its commit whole', () => {
    const pair = new Pair(['A', 'B']).ready()
    publish(pair, [row('A'), reset('B'), row('B')], [row('A'), reset('A')])
    pair.deliver()
    expect(pair.got.filter(({ incomplete }) => incomplete)).toEqual([])
  })

  it('D26: that did not arrive is sent again, the same', () => {
    const pair = new Pair(['A', 'B']).ready()
    publish(pair, [row('A')], [reset('B'), row('A')], [row('A')])
    pair.deliver(isReset)
    expect(pair.order).toEqual([])
    pair.pass(1000)
    expect(pair.order).toEqual(['A1', 'A2', 'lost B1..1', 'A3'])
    expect(pair.losses).toMatchObject([{ reason: 'reset', text: 'why' }])
  })

  it('D26: that is no longer retained is lost as an update is, and cuts its commit', () => {
    const nothingRetained = { retentionBytes: 1, reserveUpdates: 0, reserveBytes: 0 }
    const pair = new Pair(['A', 'B'], { publisher: nothingRetained }).ready()
    publish(pair, [row('A')], [row('A'), reset('B')], [row('A')])
    pair.deliver(isReset)
    pair.pass(1000)
    expect(pair.losses).toMatchObject([{ table: 'B', reason: 'evicted', from: 1, to: 1 }])
    expect(pair.got.map(({ incomplete }) => incomplete)).toEqual([false, true, false])
  })

  it('D26: ends an open loss before it is told', () => {
    const pair = new Pair(['A']).ready()
    publish(pair, [row('A')])
    pair.deliver()
    pair.pass(11_000, () => true)
    expect(pair.losses.at(-1)).toMatchObject({ reason: 'gone', from: 2, to: null })
    publish(pair, [reset('A')])
    pair.pass(2000)
    expect(pair.losses.slice(-2)).toMatchObject([
      { reason: 'gone', from: 2, to: 1, ends: true },
      { reason: 'reset', from: 2, to: 2 },
    ])
  })
})
