import { describe, expect, it } from 'vitest'
import type { Message } from '../model/message.ts'
import { everything, Pair } from '../../test/harness/pair.ts'

const isMark = ({ kind }: Message) => kind === 'mark'
const other = 'f'.repeat(32)

/** A subscription on one of whose topics nothing comes; its publisher is heard. */
function unproven(isDirect: boolean): Pair {
  const pair = new Pair(['A'])
  pair.isDirect = isDirect
  pair.roster()
  pair.pass(40_000, isMark)
  return pair
}

/** A subscription that meets two publishers. */
function twoPublishers(isDirect: boolean): Pair {
  const pair = new Pair(['A'])
  pair.isDirect = isDirect
  const second = pair.addPublisher({ process: 'q', incarnation: other })
  pair.roster({ ...second.identity })
  pair.roster()
  return pair
}

const pauses = ({ renewed }: Pair) =>
  renewed.slice(1).map(({ at }, index) => at - (renewed[index]?.at ?? 0))

describe('the path of a topic that stays unproven', () => {
  it('D12: is made anew hop by hop: in a mesh both ends of the one connection', () => {
    const hops = unproven(true).renewed.map(({ hop }) => hop)
    expect(hops.slice(0, 4)).toEqual(['topics', 'own', 'publisher', 'topics'])
  })

  it('D12: is made anew hop by hop: elsewhere the link, the publisher, and our own side last', () => {
    const hops = unproven(false).renewed.map(({ hop }) => hop)
    expect(hops.slice(0, 5)).toEqual(['topics', 'link', 'publisher', 'own', 'topics'])
  })

  it('D12: has 0.7 s between two hops, doubled each round, up to 8 s', () => {
    const gaps = pauses(unproven(false))
    for (const gap of gaps.slice(0, 3)) expect(Math.abs(gap - 700)).toBeLessThanOrEqual(50)
    for (const gap of gaps.slice(4, 7)) expect(Math.abs(gap - 1400)).toBeLessThanOrEqual(50)
    expect(Math.max(...gaps)).toBeGreaterThan(4000)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(8050)
  })

  it('D12: is left alone once it is proven', () => {
    const pair = unproven(false)
    pair.pass(10_000)
    const { length } = pair.renewed
    pair.pass(10_000)
    expect(pair.renewed).toHaveLength(length)
  })
})

describe('topics of which marks of several publishers are missing', () => {
  it('D12: are asked for anew once for all of them, and again after 2 s at the earliest', () => {
    const pair = twoPublishers(true)
    pair.pass(40_000, isMark)
    const times = pair.renewed.filter(({ hop }) => hop === 'topics').map(({ at }) => at)
    expect(times.length).toBeGreaterThan(3)
    for (const [index, at] of times.slice(1).entries())
      expect(at - (times[index] ?? 0)).toBeGreaterThanOrEqual(2_000)
  })
})

describe('one silent publisher', () => {
  it('D12: has its path made anew at once when it is stalled', () => {
    const pair = new Pair(['A']).ready()
    pair.isDirect = false
    pair.publish(['A'])
    pair.deliver()
    pair.pass(2500, everything)
    expect(pair.renewed).toEqual([])
    pair.pass(600, everything)
    expect(pair.told('publisher-stalled')).toBe(1)
    expect(pair.renewed.map(({ hop }) => hop)).toEqual(['topics'])
    pair.pass(2300, everything)
    expect(pair.renewed.map(({ hop }) => hop).slice(1, 4)).toEqual(['link', 'publisher', 'own'])
  })

  it('D12: never has our own connection cut while another one behind it is heard', () => {
    const pair = twoPublishers(false)
    pair.pass(1000)
    pair.pass(9000, ({ publisher }) => publisher.incarnation !== other)
    const hops = pair.renewed.map(({ hop }) => hop)
    expect(hops).toContain('publisher')
    expect(hops).not.toContain('own')
  })
})
