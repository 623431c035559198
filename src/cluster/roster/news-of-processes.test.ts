import { beforeEach, expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import type { ClusterEvent } from '../cluster-event.ts'
import { NewsOfProcesses, newsIntervalMs, toldOfAll, toldOfOneName } from './news-of-processes.ts'

let now: number
let told: ClusterEvent[]
let news: NewsOfProcesses

beforeEach(() => {
  now = 1_000
  told = []
  news = new NewsOfProcesses({ ...systemClock, now: () => now }, (event) => void told.push(event))
})

const named = (process: string, pid = 1) => ({ process, instance: '', pid })

/** How many events of each process and state were told. */
function counts(): Record<string, number> {
  const all: Record<string, number> = {}
  for (const event of told) {
    const kind = event.type === 'process' ? `${event.process} ${event.state}` : event.type
    all[kind] = (all[kind] ?? 0) + 1
  }
  return all
}

it('tells one news of one name so many times within a minute, and all others beside it', () => {
  for (let pid = 1; pid <= 1_000; pid += 1) {
    news.say(named('LOOP', pid), 'registered', `pid ${pid}`)
    news.say(named('LOOP', pid), 'ended', 'it said so')
  }
  news.say(named('TRADE'), 'registered', 'pid 7')
  expect(counts()).toEqual({
    'LOOP registered': toldOfOneName,
    'LOOP ended': toldOfOneName,
    'TRADE registered': 1,
  })
  now += newsIntervalMs
  news.say(named('LOOP', 1_001), 'registered', 'pid 1001')
  expect(told.at(-1)?.message).toBe('process LOOP registered: pid 1001')
})

it('tells so much of all names within a minute, however many there are', () => {
  for (let n = 0; n < 3 * toldOfAll; n += 1) news.say(named(`P${n}`), 'registered', 'pid 1')
  expect(told).toHaveLength(toldOfAll)
  now += newsIntervalMs
  news.say(named('LATE'), 'registered', 'pid 1')
  expect(told.at(-1)?.message).toBe('process LATE registered: pid 1')
})

it('tells how many lines it left out when the minute is over, once, and about whom the last was', () => {
  for (let pid = 1; pid <= 1_000; pid += 1) news.say(named('LOOP', pid), 'refused', 'no')
  now += newsIntervalMs - 1
  news.tick()
  expect(told).toHaveLength(toldOfOneName)
  now += 1
  news.tick()
  expect(told.slice(toldOfOneName)).toEqual([
    {
      type: 'left-out',
      count: 1_000 - toldOfOneName,
      refused: 1_000 - toldOfOneName,
      message: expect.stringMatching(
        /^980 lines about processes were left out, the last about LOOP \(pid 1000\): /,
      ),
    },
  ])
  now += newsIntervalMs
  news.tick()
  expect(told).toHaveLength(toldOfOneName + 1)
})

it('tells when it is closed what it left out, of each time by itself', () => {
  for (let n = 0; n <= toldOfOneName; n += 1) news.say(named('LOOP'), 'waiting', 'no')
  news.close()
  news.close()
  expect(told.filter(({ type }) => type === 'left-out')).toMatchObject([
    {
      count: 1,
      refused: 0,
      message: expect.stringMatching(/^1 line about a process was left out, /),
    },
  ])
})
