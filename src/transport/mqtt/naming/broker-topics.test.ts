import { describe, expect, it } from 'vitest'
import { BrokerTopics } from './broker-topics.ts'

const incarnation = 'a'.repeat(32)

describe('Q1: topics at a broker', () => {
  const topics = new BrokerTopics('genesis/database/{{TABLE_NAME}}')

  it.each([
    ['table/TRADE/', 'genesis/database/TRADE'],
    ['table/SCHEMA.TRADE/', 'genesis/database/SCHEMA%2ETRADE'],
    ['table/A%2FB/', 'genesis/database/A%2FB'],
    ['table/', 'genesis/database/~'],
    [`status/${incarnation}/`, `genesis/database/~/status/${incarnation}`],
    [`reply/${incarnation}/`, `genesis/database/~/reply/${incarnation}`],
  ])('Q1: %s is published on %s, and read from there', (own, atBroker) => {
    expect(topics.topicFor(own)).toBe(atBroker)
    expect(topics.readOwn(atBroker)?.name).toBe(own)
    expect(topics.readOwn(atBroker)?.bytes.toString()).toBe(own)
  })

  it('Q1: all updates come by one filter, which the mark for all tables matches, and nothing else of ours', () => {
    expect(topics.filterFor('table/')).toBe('genesis/database/+')
    expect(topics.filterFor('status/')).toBe('genesis/database/~/status/+')
    expect(topics.topicFor('table/')).toMatch(/^genesis\/database\/[^/]+$/)
    expect(topics.ask.split('/').length).toBeGreaterThan(3)
  })

  it('Q1: two patterns never share a root', () => {
    const patterns = ['x/db-{{TABLE_NAME}}-q/v1', 'x/uat-{{TABLE_NAME}}-q/v1', 'x/{{TABLE_NAME}}']
    const roots = patterns.map((pattern) => new BrokerTopics(pattern).root)
    expect(roots).toEqual(['x/db-~-q/v1', 'x/uat-~-q/v1', 'x/~'])
  })

  it('Q1: a topic that is none of ours is none, also where the table stands inside of a level', () => {
    const inside = new BrokerTopics('x/db-{{TABLE_NAME}}')
    expect(inside.filterFor('table/')).toBe('x/+')
    for (const topic of ['x/other', 'x/db-', 'y/db-TRADE', 'x/db-~/roster/short', 'x/db-A/B'])
      expect(inside.readOwn(topic)).toBe(null)
  })

  it('Q1: what processes say of themselves is told from what they publish', () => {
    const gone = topics.presence('gone', incarnation)
    expect(topics.readPresence(gone)).toEqual({ kind: 'gone', incarnation })
    for (const topic of [`${gone}/more`, 'genesis/database/TRADE', topics.presenceOfAll('gone')])
      expect(topics.readPresence(topic)).toBe(null)
    expect(
      [topics.requests, topics.requestTo(incarnation)].every((to) => topics.isRequest(to)),
    ).toBe(true)
  })
})
