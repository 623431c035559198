import { expect, it } from 'vitest'
import { openQueuePair } from '../../test/harness/queue-pair.ts'
import type { LiveEvent } from './live-options.ts'
import { liveTable, liveTables } from './open-live.ts'

interface Tables {
  TRADE: { ID: string; SIDE: string; PRICE: number }
}

const row = (ID: string) => ({ ID, SIDE: 'BUY', PRICE: 1 })

it.each([
  [{ table: undefined }, "liveTable() takes the name of a table, e.g. table: 'TRADE', got"],
  [{ key: undefined }, 'key of TRADE must be a field or a list of fields, got'],
  [{ key: ['ID', 'ID'] }, 'key of TRADE must be the name of a field, or a list of different ones'],
  [{ read: undefined }, 'read of TRADE must be a function, got'],
  [{ readKeys: 'select' }, 'readKeys of TRADE must be a function, got "select"'],
  [{ version: 1 }, 'version of TRADE must be the name of a field, got 1'],
  [{ select: ['PRICE'] }, 'select of TRADE leaves out ID, which key, version or where needs'],
  [{ select: 'ID', where: { SIDE: 'BUY' } }, 'select of TRADE leaves out SIDE'],
  [{ where: { SIDE: undefined } }, 'where.TRADE must have conditions on 1 to 30 fields'],
  [{ reed: () => [] }, 'TRADE has no option "reed"; did you mean'],
  [{ onEvent: 1 }, 'onEvent of liveTable() must be a function, got 1'],
])('an option that is not what it has to be is named: %o', async (wrong, message) => {
  const { subscriber } = await openQueuePair<Tables>()
  const options = { table: 'TRADE', key: 'ID', read: () => [], ...wrong }
  const refused = liveTable(subscriber, options as never).catch((error: Error) => error.message)
  expect(await refused).toContain(message)
})

it.each([
  [null, 'read of TRADE must give a list of rows, or { rows, version }, got null'],
  [[1], 'read of TRADE must give rows, got 1 for one'],
  [[{ SIDE: 'BUY' }], 'read of TRADE gave a row without the key (ID)'],
  [{ rows: [], version: 2n ** 64n }, 'version of read of TRADE must be a bigint of 64 bits'],
])('what is no result of a read is named: %o', async (result, message) => {
  const { subscriber } = await openQueuePair<Tables>()
  const opening = liveTable(subscriber, { table: 'TRADE', key: 'ID', read: () => result as never })
  expect(await opening.catch((error: Error) => error.message)).toContain(message)
})

it('a row that was not asked for is told as a read that has failed, and tried again', async () => {
  const { publisher, subscriber } = await openQueuePair<Tables>()
  const events: LiveEvent[] = []
  let readings = 0
  await using live = await liveTables(
    subscriber,
    {
      TRADE: {
        key: 'ID',
        read: () => [row('1')],
        readKeys: () => [++readings === 1 ? { ...row('1'), ID: 1 as never } : row('1')],
      },
    },
    { onEvent: (event) => events.push(event) },
  )
  publisher.publish({ table: 'TRADE', kind: 'modify', record: row('1') })
  await publisher.flush()
  await live.settled()
  expect(events.map(({ type }) => type)).toEqual(['live', 'read-failed', 'stale', 'live'])
  const failed = events.find(({ type }) => type === 'read-failed')
  expect(String(failed && 'error' in failed && failed.error)).toContain(
    'gave a row that it was not asked for, or its key has another type than in updates: 1',
  )
  expect(live.tables.TRADE.stats()).toMatchObject({ reads: 3, failedReads: 1 })
})
