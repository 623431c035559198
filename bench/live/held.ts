// A process of `npm run bench:live` that holds rows in one way and says what memory they take: node held.ts WAY ROWS
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { trade } from '../rows.ts'
import { liveTrades, tradeUpdate } from './trades.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapBytes(): number {
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const ways: Readonly<Record<string, (rows: number) => object>> = {
  map: (rows) => {
    const map = new Map<string, object>()
    for (let index = 0; index < rows; index++) {
      const row = trade(index)
      map.set(row.TRADE_ID, row)
    }
    return map
  },
  read: liveTrades,
  updated: (rows) => {
    const core = liveTrades(rows)
    for (let index = 0; index < rows; index++)
      core.updates([tradeUpdate(index, BigInt(rows + index))], 0)
    return core
  },
}

const [way = '', rows = ''] = process.argv.slice(2)
const hold = ways[way]
if (!hold) throw new Error(`there is no way ${way}`)
// Code that makes rows is compiled before the first look.
hold(1000)
const before = heapBytes()
const held = hold(Number(rows))
process.stdout.write(JSON.stringify({ bytes: heapBytes() - before, isHeld: Boolean(held) }))
