import { expect, it } from 'vitest'
import { TurnedAwayLately } from './turned-away-lately.ts'

const at = 'tcp://127.0.0.1:31003'

it('who comes again and again is one, with how often and when last', () => {
  const lately = new TurnedAwayLately()
  lately.note({ why: 'no key', who: '10.0.0.2', at }, 0)
  lately.note({ why: 'no key', who: '10.0.0.2, 10.0.0.3', at }, 19_000)
  expect(lately.list(20_000)).toEqual([
    { why: 'no key', who: '10.0.0.2, 10.0.0.3', at, count: 2, agoMs: 1_000 },
  ])
})

it('is forgotten when it was quiet for 20 s', () => {
  const lately = new TurnedAwayLately()
  lately.note({ why: 'another key', who: '', at }, 0)
  lately.note({ why: 'another version', who: 'A (pid 1)', at }, 0)
  lately.note({ why: 'another version', who: 'B (pid 2)', at }, 10_000)
  expect(lately.list(10_000)).toHaveLength(3)
  expect(lately.list(20_000).map(({ who }) => who)).toEqual(['B (pid 2)'])
})

it('holds no more than a hundred', () => {
  const lately = new TurnedAwayLately()
  for (let pid = 0; pid < 1_000; pid++)
    lately.note({ why: 'another version', who: `A (pid ${pid})`, at }, pid)
  expect(lately.list(1_000)).toHaveLength(100)
})
