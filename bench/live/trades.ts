import { LiveCore } from '../../src/live/live-core.ts'
import { liveLimits } from '../../src/live/live-limits.ts'
import { RowKey } from '../../src/live/row-key.ts'
import type { Update } from '../../src/model/update.ts'
import { trade } from '../rows.ts'

const publisher = { node: 'a', process: 'P', instance: '', incarnation: 'p' }

/** A live table of so many trades that were read. */
export function liveTrades(rows: number): LiveCore {
  const schema = {
    name: 'TRADE',
    key: new RowKey('TRADE_ID'),
    versionField: null,
    test: null,
    readsKeys: true,
  }
  const core = new LiveCore([schema], liveLimits, Math.random)
  core.ready()
  const round = core.begin(0)
  if (!round) throw new Error('there is nothing to read')
  const records = Array.from({ length: rows }, (_, index) => trade(index))
  core.done(round, [{ records, bound: BigInt(rows) }], 0)
  return core
}

/** A change of the trade, as it is delivered. */
export const tradeUpdate = (index: number, version: bigint): Update => ({
  table: 'TRADE',
  kind: 'modify',
  record: trade(index),
  before: undefined,
  version,
  publisher,
  sequence: index,
  commit: Number(version),
  publishedAt: 0,
})
