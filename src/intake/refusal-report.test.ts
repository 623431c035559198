import { beforeEach, expect, it } from 'vitest'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import { SimulatedClock } from '../testing/simulation/simulated-clock.ts'
import { intakeLimits } from './intake-limits.ts'
import { RefusalReport } from './refusal-report.ts'

type Told = Extract<ClusterEvent, { readonly type: 'refused' }>

let clock: SimulatedClock
let told: Told[]
let report: RefusalReport

beforeEach(() => {
  clock = new SimulatedClock()
  told = []
  report = new RefusalReport(clock, (event) => told.push(event as Told))
})

const counts = () => told.map(({ table, reason, count }) => [table, reason, count])

function runFor(ms: number): void {
  const until = clock.now() + ms
  clock.after(ms, () => {})
  while (clock.nextAt <= until) clock.step()
}

it('tells the first at once, and all that come within the interval when it is over', () => {
  for (let n = 0; n < 100; n++) report.add('TRADE', 'bad-json', 1)
  expect(counts()).toEqual([['TRADE', 'bad-json', 1]])
  runFor(intakeLimits.refusedIntervalMs)
  expect(counts()).toEqual([
    ['TRADE', 'bad-json', 1],
    ['TRADE', 'bad-json', 99],
  ])
  runFor(3 * intakeLimits.refusedIntervalMs)
  expect(told).toHaveLength(2)
})

it('tells no more often than that, of each table and reason by itself', () => {
  const step = intakeLimits.refusedIntervalMs / 10
  for (let n = 0; n < 40; n++) {
    report.add('TRADE', 'bad-json', 1)
    report.add('TRADE', 'bad-update', 2)
    report.add(null, 'bad-topic', 3)
    runFor(step)
  }
  report.close()
  const of = (reason: string) => told.filter((each) => each.reason === reason)
  expect(of('bad-json').length).toBeLessThanOrEqual(6)
  const sum = (reason: string) => of(reason).reduce((total, { count }) => total + count, 0)
  expect(['bad-json', 'bad-update', 'bad-topic'].map(sum)).toEqual([40, 80, 120])
})

it('tells what it has not told when it is closed, and nothing after that', () => {
  for (const count of [1, 5, 7]) report.add('TRADE', 'foreign-overrun', count)
  report.close()
  expect(told.map(({ message }) => message)).toEqual([
    '1 message of a foreign program for table TRADE was not taken: foreign-overrun',
    '12 messages of foreign programs for table TRADE were not taken: foreign-overrun',
  ])
  runFor(2 * intakeLimits.refusedIntervalMs)
  expect(told).toHaveLength(2)
})

it('tells at which field a message was not taken', () => {
  report.add('TRADE', 'bad-number', 1, 'record.PRICE')
  report.add('TRADE', 'bad-number', 1, 'record.IDS[0]')
  report.add('TRADE', 'bad-number', 1, 'record.SIZE')
  report.close()
  expect(told.map(({ message }) => message)).toEqual([
    '1 message of a foreign program for table TRADE was not taken: bad-number at record.PRICE',
    '2 messages of foreign programs for table TRADE were not taken: bad-number, the first at record.IDS[0]',
  ])
  expect(told.map(({ path }) => path)).toEqual(['record.PRICE', 'record.IDS[0]'])
})

it('tells of more tables than the log bears together', () => {
  const tables = 10_000
  for (let n = 0; n < tables; n++) report.add(`T${n}`, 'bad-json', 1)
  report.close()
  expect(told.length).toBeLessThanOrEqual(intakeLimits.refusedKinds + 2)
  expect(told.reduce((total, { count }) => total + count, 0)).toBe(tables)
  expect(told.at(-1)?.message).toBe(
    `${tables - intakeLimits.refusedKinds - 1} messages of foreign programs for other tables were not taken: bad-json`,
  )
})
