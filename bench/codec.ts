/**
 * How fast rows become batches and batches become updates, against JSON of the same records in the
 * same run. `node bench/codec.ts [--rounds N]` prints millions of rows a second (medians) and ratios;
 * only ratios of one run are stable.
 */
import { parseArgs } from 'node:util'
import type { OutgoingBatch } from '../src/model/message.ts'
import type { Update } from '../src/model/update.ts'
import { decodeMessage, encodeBatch } from '../src/wire/frames/message-codec.ts'
import { RecordTest } from '../src/model/where.ts'
import { RowReader } from '../src/wire/rows/row-reader.ts'
import { RowWriter } from '../src/wire/rows/row-writer.ts'

const rowsPerRound = 2048
const warmUpRounds = 200
const roundsPerSample = 16
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' } } })
const samples = Number(values.rounds)

const publisher = { node: 'n1', process: 'BENCH', instance: '', incarnation: '5a'.repeat(16) }
const venues = ['Zürich', 'London', 'New York', 'Frankfurt']

function row20(i: number) {
  return {
    TRADE_ID: `T${i}`,
    SYMBOL: `${'ABCDEFGH'[i % 8]}XYZ`,
    SIDE: i % 2 ? 'BUY' : 'SELL',
    PRICE: 100 + (i % 1000) / 8,
    QUANTITY: (i * 7) % 10_000,
    NOTIONAL: i * 1.25,
    CURRENCY: 'EUR',
    VENUE: venues[i % 4],
    TRADER: 'j.smith',
    BOOK: `BOOK_${i % 50}`,
    STATUS: 'NEW',
    VERSION: 1,
    CREATED: 1_700_000_000_000 + i,
    UPDATED: 1_700_000_000_500 + i,
    COMMENT: i % 3 ? null : 'partially filled at the open',
    ACTIVE: i % 5 !== 0,
    FEES: i / 100,
    SETTLE: '2026-11-25',
    CLIENT: `C${i % 999}`,
    FLAGS: i & 255,
  }
}

function row15(i: number) {
  const { NOTIONAL: _n, FEES: _f, SETTLE: _s, CLIENT: _c, FLAGS: _g, ...row } = row20(i)
  return row
}

const wideRow = (i: number) => ({ ...row20(i), TRADER: i % 10 === 0 ? '山田' : 'j.smith' })

/** No string twice: what dictionaries cannot help. */
const uniqueRow = (i: number) =>
  Object.fromEntries(
    Object.entries(row20(i)).map(([name, value]) => [
      name,
      typeof value === 'string' ? `${value}${i}` : value,
    ]),
  )

const optionalRow = (i: number) => {
  const { COMMENT, ...row } = row20(i)
  return COMMENT === null ? row : { ...row, COMMENT }
}

function encode(writer: RowWriter, records: readonly object[]): OutgoingBatch[] {
  for (const record of records) writer.append({ kind: 'insert', record })
  let first = 1
  return writer.take().map((rows) => {
    const commits = [{ type: 'run', commit: first, commits: rows.count, updatesEach: 1 }] as const
    const header = { publisher, table: 'TRADE', first, count: rows.count, parcel: 1, commits }
    first += rows.count
    const manifest = [{ table: 'TRADE', last: first - 1 }]
    return encodeBatch({ ...header, manifest, publishedAt: 1_700_000_000_000 }, rows)
  })
}

function decode(reader: RowReader, messages: readonly Uint8Array[]): Update[] {
  const updates: Update[] = []
  for (const bytes of messages) {
    const message = decodeMessage(bytes)
    if (message.kind !== 'batch' || !reader.read(message, 0, updates)) {
      throw new Error('the batch could not be read')
    }
  }
  return updates
}

/** Millions of rows a second of each, in turns, so that what slows the machine slows all. */
function medians(works: Readonly<Record<string, () => unknown>>): Record<string, number> {
  const rates: Record<string, number[]> = {}
  for (const [name, work] of Object.entries(works)) {
    rates[name] = []
    for (let n = 0; n < warmUpRounds; n++) work()
  }
  for (let n = 0; n < samples; n++) {
    for (const [name, work] of Object.entries(works)) {
      const from = performance.now()
      for (let round = 0; round < roundsPerSample; round++) work()
      rates[name]?.push((roundsPerSample * rowsPerRound) / (performance.now() - from) / 1000)
    }
  }
  return Object.fromEntries(
    Object.entries(rates).map(([name, list]) => {
      list.sort((a, b) => a - b)
      return [name, list[Math.floor(list.length / 2)] ?? 0]
    }),
  )
}

function bench(title: string, makeRow: (i: number) => object): void {
  const records = Array.from({ length: rowsPerRound }, (_, i) => makeRow(i))
  const texts = records.map((record) => JSON.stringify(record))
  const writer = new RowWriter()
  const reader = new RowReader()
  const one = new RowReader({ fields: new Set(['PRICE']) })
  const few = new RowReader({ where: new RecordTest({ PRICE: { lt: 101.25 } }) })
  const fewByText = new RowReader({ where: new RecordTest({ TRADE_ID: { in: ['T5', 'T1000'] } }) })
  for (let n = 0; n < warmUpRounds; n++) encode(writer, records)
  const batches = encode(writer, records)
  const messages = batches.map(({ message }) => message)
  const back = decode(reader, messages).map(({ record }) => JSON.stringify(record))
  if (makeRow !== optionalRow && back.join() !== texts.join()) throw new Error('differs')
  const rates = medians({
    write: () => encode(writer, records),
    'JSON.stringify': () => records.map((record) => JSON.stringify(record)),
    read: () => decode(reader, messages),
    select: () => decode(one, messages),
    where: () => decode(few, messages),
    'where text': () => decode(fewByText, messages),
    'JSON.parse': () => texts.map((text): unknown => JSON.parse(text)),
  })
  const bytes = batches.reduce((sum, { frame }) => sum + frame.length, 0) / rowsPerRound
  const jsonBytes = texts.join('').length / rowsPerRound
  const rate = (name: string) => (rates[name] ?? 0).toFixed(2).padStart(6)
  const ratio = (ours: string, json: string) =>
    ((rates[ours] ?? 0) / (rates[json] ?? 1)).toFixed(1).padStart(5)
  console.log(
    `${title.padEnd(30)} write ${rate('write')} M/s ${ratio('write', 'JSON.stringify')} x` +
      `   read ${rate('read')} M/s ${ratio('read', 'JSON.parse')} x` +
      `   of it one field ${ratio('select', 'read')} x  one in 100 ${ratio('where', 'read')} x, by a text ${ratio('where text', 'read')} x` +
      `   ${bytes.toFixed(0)} bytes a row (JSON ${jsonBytes.toFixed(0)})`,
  )
}

bench('20 fields', row20)
bench('15 fields', row15)
bench('20 fields, a tenth wide', wideRow)
bench('20 fields, no string twice', uniqueRow)
bench('20 fields, one often absent', optionalRow)
