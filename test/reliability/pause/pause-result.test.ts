import { expect, it } from 'vitest'
import type { PauseResult, PauseRow } from './pause-result.ts'
import { missingOf, pauseTables } from './pause-result.ts'

const row: PauseRow = {
  peer: 'nats',
  title: 'NATS',
  fault: 'cut',
  published: 3000,
  delivered: 1200,
  told: 300,
  words: [],
}

const result: PauseResult = {
  command: 'npm run pause',
  at: '2030-01-02T03:04:05.678Z',
  machine: '2 cores',
  versions: ['nats-server 2.9.10'],
  seconds: 3,
  perSecond: 1000,
  notRun: [],
  rows: [row],
}

it('what is missing is silent where nothing was told, else it is not', () => {
  expect(missingOf(row)).toEqual({ hinted: 0, silent: 1500 })
  expect(missingOf({ ...row, words: ['disconnect'] })).toEqual({ hinted: 1500, silent: 0 })
})

it('has a table for each fault that was tried', () => {
  const both = [row, { ...row, fault: 'stop' as const, words: ['disconnect', 'slowConsumer'] }]
  const lines = pauseTables({ ...result, rows: both }).split('\n')
  expect(lines).toContain('| NATS | 3,000 | 1,200 | 300 | 0 | 1,500 | – |')
  expect(lines).toContain(
    '| NATS | 3,000 | 1,200 | 300 | 1,500 | 0 | `disconnect`, `slowConsumer` |',
  )
  expect(pauseTables(result)).not.toContain('SIGSTOP')
})

it('names what was not run, and why', () => {
  const notRun = ['NATS, cut, for lack of nats-server']
  expect(pauseTables({ ...result, notRun })).toContain(
    'Not run: NATS, cut, for lack of nats-server.',
  )
})
