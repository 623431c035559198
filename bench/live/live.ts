// Live tables beside a Map of the same objects, in one run: memory, look-ups and updates. `npm run bench:live`
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { count, instrument } from '../../src/testing/instrument.ts'
import type { Update } from '../../src/model/update.ts'
import { median, pairedRatios } from '../statistics.ts'
import { liveTrades, tradeUpdate } from './trades.ts'

/** What is asked: so many times what a Map takes, at most. */
const asked = { memory: 1.3, lookUps: 1.5 }

const lookUpsPerTurn = 1_000_000
const updatesPerTurn = 100_000
/** Updates of one delivery. */
const updatesPerDelivery = 100

const { rows, repeats } = instrument(
  'bench:live',
  'A live table beside a Map of the same objects: memory, look-ups and updates applied, as ratios. Ends with 1 where one is above what is asked.',
)
  .option('--rows <n>', 'rows of 15 fields', count, 1_000_000)
  .option('--repeats <n>', 'repetitions in turns', count, 7)
  .parse()
  .opts<{ rows: number; repeats: number }>()

const lines: [what: string, ratio: number, most: number | null][] = []

const held = (way: string): number => {
  const file = join(import.meta.dirname, 'held.ts')
  const out = execFileSync(process.execPath, ['--max-old-space-size=8192', file, way, String(rows)])
  return (JSON.parse(out.toString()) as { bytes: number }).bytes
}
const map = held('map')
lines.push(['memory, rows that were read', held('read') / map, asked.memory])
lines.push(['memory, each row changed by an update', held('updated') / map, asked.memory])

const core = liveTrades(rows)
const table = core.rowsOf('TRADE')
const plain = new Map<string, object>()
for (const record of table.records()) plain.set((record as { TRADE_ID: string }).TRADE_ID, record)
const { key } = table.schema

/** Keys in no order, each a text of its own, as those of a program that has just read them. */
const keys = Array.from(
  { length: lookUpsPerTurn },
  (_, index) => `T${(index * 7_919 + 104_729) % rows}`,
)

/** By the time of the processor that this thread had: others on the machine do not count. */
function perSecond(operations: number, run: () => void): number {
  const began = process.threadCpuUsage()
  run()
  const { user, system } = process.threadCpuUsage(began)
  return operations / ((user + system) / 1e6)
}

let found = 0
const lookUps = {
  map: () => {
    for (const each of keys) if (plain.get(each) !== undefined) found += 1
  },
  live: () => {
    for (const each of keys) if (table.get(key.ofValue(each)) !== undefined) found += 1
  },
}
const looked = { map: [] as number[], live: [] as number[] }
const changed = { map: [] as number[], live: [] as number[] }
let version = BigInt(2 * rows)
for (let repeat = 0; repeat < repeats; repeat++) {
  for (const way of ['map', 'live'] as const) looked[way].push(perSecond(keys.length, lookUps[way]))
  const updates = Array.from({ length: updatesPerTurn }, (_, index) =>
    tradeUpdate((index * 7_919 + repeat) % rows, ++version),
  )
  const deliveries = Array.from({ length: updatesPerTurn / updatesPerDelivery }, (_, index) =>
    updates.slice(index * updatesPerDelivery, (index + 1) * updatesPerDelivery),
  )
  changed.map.push(perSecond(updatesPerTurn, () => put(deliveries)))
  changed.live.push(
    perSecond(updatesPerTurn, () => {
      for (const delivery of deliveries) core.updates(delivery, 0)
    }),
  )
}
if (found !== 2 * repeats * keys.length) throw new Error('a row was not found')

function put(deliveries: readonly (readonly Update[])[]): void {
  for (const delivery of deliveries)
    for (const { record } of delivery)
      plain.set((record as unknown as { TRADE_ID: string }).TRADE_ID, record)
}

lines.push([
  'time of a look-up by key',
  pairedRatios(looked.map, looked.live).median,
  asked.lookUps,
])
lines.push([
  'time of an update, beside set() of the Map',
  pairedRatios(changed.map, changed.live).median,
  null,
])

console.log(
  `a live table of ${rows.toLocaleString('en')} rows of 15 fields, beside a Map of the same objects`,
)
let isMet = true
for (const [what, ratio, most] of lines) {
  const isAbove = most !== null && ratio > most
  if (isAbove) isMet = false
  const told = most === null ? '' : isAbove ? `  above ${most}` : `  (at most ${most})`
  console.log(`${what.padEnd(46)} ${ratio.toFixed(2)} x${told}`)
}
console.log(
  `updates applied: ${Math.round(median(changed.live)).toLocaleString('en')} in a second of one core of this machine`,
)
process.exitCode = isMet ? 0 : 1
