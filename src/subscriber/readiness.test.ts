import { describe, expect, it } from 'vitest'
import { everything, Pair } from '../../test/harness/pair.ts'

describe('ready', () => {
  it('D11: waits for the roster to settle, whoever has answered', () => {
    const pair = new Pair(['A'])
    pair.roster({}, false)
    pair.pass(2000)
    expect(pair.isReady).toBe(false)
    pair.roster()
    expect(pair.isReady).toBe(true)
  })

  it('D11: waits for nobody who only subscribes', () => {
    const pair = new Pair(['A'])
    pair.roster({ publishes: [], subscribes: ['A'] })
    expect(pair.isReady).toBe(true)
  })

  it('D11: waits for the answer on "all tables" where all are wanted', () => {
    const pair = new Pair('*')
    pair.roster()
    pair.pass(1000, ({ kind }) => kind === 'mark')
    expect(pair.isReady).toBe(false)
    pair.pass(2000)
    expect(pair.isReady).toBe(true)
  })

  it('D11: waits for as long as it takes and says for whom, every 5 s', () => {
    const pair = new Pair(['A'])
    pair.roster()
    pair.pass(10_200, ({ kind }) => kind === 'mark')
    expect(pair.isReady).toBe(false)
    expect(pair.events.filter(({ type }) => type === 'waiting')).toEqual([
      { type: 'waiting', missing: ['p on n'] },
      { type: 'waiting', missing: ['p on n'] },
    ])
  })

  it('D11: says for which replica', () => {
    const pair = new Pair(['A'])
    pair.roster({ instance: 'b' })
    pair.pass(5_200, ({ kind }) => kind === 'mark')
    expect(pair.events).toContainEqual({ type: 'waiting', missing: ['p/b on n'] })
  })

  it('D11: says that it waits for the roster', () => {
    const pair = new Pair(['A'])
    pair.roster(null, false)
    pair.pass(5100)
    expect(pair.events).toMatchObject([
      { type: 'waiting', missing: [expect.stringContaining('roster')] },
    ])
  })

  it('D11: waits no longer for who is gone, whose open loss is told', () => {
    const pair = new Pair(['A'])
    pair.roster()
    pair.pass(9900, everything)
    expect(pair.isReady).toBe(false)
    pair.pass(300, everything)
    expect(pair.isReady).toBe(true)
    expect(pair.order).toEqual(['lost Anull..null'])
  })
})
