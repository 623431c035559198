import fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import type {
  BatchHeader,
  BatchMessage,
  Message,
  OutgoingBatch,
  ResetNotice,
} from '../model/message.ts'
import type { Request } from '../model/request.ts'
import type { Update } from '../model/update.ts'
import { replyTopic, statusTopic, updateTopic } from '../model/topic.ts'
import { wireVersion } from '../model/wire-version.ts'
import { decodeForeign } from './frames/foreign.ts'
import { ResetRows } from './frames/reset-notice.ts'
import { UnpublishedRows } from './frames/unpublished-rows.ts'
import { decodeMessage, encodeBatch, encodeMessage } from './frames/message-codec.ts'
import { decodeRequest, encodeRequest } from './frames/request-codec.ts'
import { keyOf, keyText } from './rows/record-key.ts'
import { RowReader } from './rows/row-reader.ts'
import type { RowUpdate } from './rows/row-update.ts'
import { RowWriter } from './rows/row-writer.ts'

/**
 * docs/wire/vectors.json is the wire format as bytes: what is encoded here must give them, and they
 * must give what they mean. A difference is a change of the format. Where it is meant to be (a new
 * vector), WRITE_VECTORS=1 writes the file anew.
 */
const vectorsFile = new URL('../../docs/wire/vectors.json', import.meta.url)

interface Vector {
  readonly name: string
  readonly topic?: string
  readonly message?: string
  readonly request?: string
  readonly foreign?: string
  readonly meaning: unknown
}

const incarnation = '000102030405060708090a0b0c0d0e0f'
const subscriber = 'f0e0d0c0b0a090807060504030201000'
const publisher = { node: 'node-a', process: 'TRADE_HANDLER', instance: '', incarnation }
const replica = { node: 'Zürich', process: 'HANDLER', instance: 'b', incarnation }

function batchOf(
  updates: readonly RowUpdate[],
  header: Partial<BatchHeader> = {},
  writer = new RowWriter(),
): OutgoingBatch {
  for (const update of updates) writer.append(update)
  const [rows, ...more] = writer.take()
  if (rows === undefined || more.length > 0) throw new Error('a vector is one batch')
  const count = updates.length
  return encodeBatch(
    {
      publisher,
      table: 'TRADE',
      first: 1,
      count,
      parcel: 1,
      manifest: [{ table: header.table ?? 'TRADE', last: (header.first ?? 1) + count - 1 }],
      commits: [{ type: 'run', commit: 1, commits: count, updatesEach: 1 }],
      publishedAt: 1_700_000_000_000.5,
      ...header,
    },
    rows,
  )
}

const everyType = {
  text: 'Grüße',
  number: 1.5,
  integer: 9_007_199_254_740_993n,
  yes: true,
  no: false,
  nothing: null,
  when: new Date(1_700_000_000_123),
  bytes: new Uint8Array([0, 127, 128, 255]),
  json: { list: [1, 'zwei', null], nested: { deep: '山' } },
}

const batches: Record<string, () => OutgoingBatch> = {
  'batch: every type': () => batchOf([{ kind: 'insert', record: everyType }]),
  'batch: record before and version': () =>
    batchOf([
      { kind: 'modify', record: { id: 'a', n: 2 }, before: { id: 'a', n: 1 }, version: 7n },
      { kind: 'delete', record: { id: 'b', n: 3 } },
      { kind: 'insert', record: { id: 'c', n: 4 }, version: -(2n ** 63n) },
    ]),
  'batch: null and absent fields': () =>
    batchOf([
      { kind: 'insert', record: { a: null, b: 'x', c: 1, d: true, e: 2n } },
      { kind: 'insert', record: { a: null, b: null, c: null, d: null, e: null } },
      { kind: 'insert', record: { d: false } },
      { kind: 'insert', record: {} },
    ]),
  'batch: extreme numbers': () =>
    batchOf([
      ...[Number.NaN, Infinity, -Infinity, -0, 5e-324, 2 ** 53].map((n): RowUpdate => ({
        kind: 'insert',
        record: { n, i: 2n ** 63n - 1n, d: new Date(n) },
      })),
      { kind: 'insert', record: { n: 0, i: -(2n ** 63n), d: new Date(-1) } },
    ]),
  'batch: wide strings stand outside the heap': () =>
    batchOf([
      { kind: 'insert', record: { name: 'narrow ÿ', other: '' } },
      { kind: 'insert', record: { name: '山田 太郎', other: 'after it' } },
      { kind: 'insert', record: { name: 'lone \ud800 surrogate', other: '😀' } },
    ]),
  'batch: names of fields are only data': () =>
    batchOf([
      {
        kind: 'insert',
        record: JSON.parse(
          '{"__proto__":"own","constructor":1,"a\\"b\\\\":2,"\\u2028":3,"":4,"7":5,"größe":6}',
        ) as object,
      },
    ]),
  'batch: a field of mixed types': () =>
    batchOf(
      ['s', -1.5, -0, Number.NaN, 12n, true, new Date(5), new Uint8Array([200]), { j: [1] }].map(
        (value): RowUpdate => ({ kind: 'insert', record: { value } }),
      ),
      {},
      mixedWriter(),
    ),
  'batch: dictionaries': () =>
    batchOf(
      ['BUY', 'SELL', '買い', 'BUY', ''].map((side, n): RowUpdate => ({
        kind: 'insert',
        record: { id: `T${n}`, side },
      })),
      { first: 129 },
      dictionaryWriter(),
    ),
  'batch: records of too many fields': () =>
    batchOf([{ kind: 'insert', record: { ...everyType, nothing: null } }], {}, wholeWriter()),
  'batch: of a foreign program': () =>
    batchOf([{ kind: 'insert', record: { id: 'a' } }], {
      publisher: intake,
      table: 'ORDERS',
      foreign: true,
    }),
  'batch: what could not be published': unpublished,
  'batch: a reset of some records': () =>
    resetOf({
      text: 'TRADE_ID is a text now',
      keys: [
        { TRADE_ID: 'T1', VERSION: 2n ** 40n, note: null },
        { AT: new Date(1_700_000_000_000), PRICE: -0, BYTES: new Uint8Array([1, 255]) },
        { '__proto__ ü': { a: [1, 'x'] }, LIVE: true },
      ].map((key) => keyText('key', key)),
    }),
  'batch: a reset of a table': () => resetOf({ text: 'TRUNCATE', keys: [] }),
  'batch: commits over two tables': () =>
    batchOf(
      Array.from({ length: 7 }, (_, n): RowUpdate => ({ kind: 'modify', record: { n } })),
      {
        publisher: replica,
        table: 'A/B Ö',
        first: 2 ** 40,
        parcel: 3,
        manifest: [
          { table: 'POSITION', last: 12 },
          { table: 'A/B Ö', last: 2 ** 40 + 9 },
        ],
        commits: [
          { type: 'run', commit: 5, commits: 2, updatesEach: 2 },
          {
            type: 'part',
            commit: 8,
            places: [0, 2, 200],
            tables: [
              { table: 'A/B Ö', updates: 4 },
              { table: 'POSITION', updates: 300 },
            ],
          },
        ],
      },
    ),
}

const intake = { node: 'node-a', process: 'GENESIS_CLUSTER', instance: 'foreign', incarnation }

/** Numbers 3 to 5 of the table: three messages of a foreign program that cannot be read. */
function unpublished(): OutgoingBatch {
  const header = {
    publisher: intake,
    table: 'ORDERS',
    first: 3,
    count: 3,
    parcel: 2,
    manifest: [{ table: 'ORDERS', last: 5 }],
    commits: [{ type: 'run', commit: 7, commits: 3, updatesEach: 1 }],
    publishedAt: 1_700_000_000_000.5,
    foreign: true,
    unpublished: 'bad-json',
  } as const
  return encodeBatch(header, new UnpublishedRows(3, 'bad-json'))
}

/** The last of three of one commit. */
function resetOf(reset: ResetNotice): OutgoingBatch {
  const rows = new ResetRows(reset)
  const { unpublished } = rows
  const header = {
    publisher,
    table: 'TRADE',
    first: 9,
    count: 1,
    parcel: 2,
    manifest: [{ table: 'TRADE', last: 9 }],
    commits: [{ type: 'part', commit: 4, places: [2], tables: [{ table: 'TRADE', updates: 3 }] }],
    publishedAt: 1_700_000_000_000.5,
    unpublished,
    reset,
  } as const
  return encodeBatch(header, rows)
}

/** Has seen one field with strings and numbers. */
function mixedWriter(): RowWriter {
  const writer = new RowWriter()
  writer.append({ kind: 'insert', record: { value: 'text' } })
  writer.append({ kind: 'insert', record: { value: 1 } })
  writer.take()
  return writer
}

/** Has seen that few sides come again and again. */
function dictionaryWriter(): RowWriter {
  const writer = new RowWriter()
  for (let n = 0; n < 128; n++) {
    writer.append({ kind: 'insert', record: { id: `T${n}`, side: n % 2 ? 'BUY' : 'SELL' } })
  }
  writer.take()
  return writer
}

function wholeWriter(): RowWriter {
  const writer = new RowWriter()
  const names = Array.from({ length: 513 }, (_, n) => [`field${n}`, n] as const)
  writer.append({ kind: 'insert', record: Object.fromEntries(names) })
  writer.take()
  return writer
}

const small = batches['batch: record before and version'] as () => OutgoingBatch
const extreme = batches['batch: extreme numbers'] as () => OutgoingBatch
const streams = [
  { table: 'TRADE', last: 300 },
  { table: 'POSITION', last: 2 ** 53 - 1 },
]
/** A batch as a subscriber has it. */
function received(sent = small()): BatchMessage {
  const { message: _message, ...batch } = sent
  return batch
}

const messages: Record<string, [topic: string, message: Exclude<Message, BatchMessage>]> = {
  replay: [replyTopic(subscriber), { kind: 'replay', publisher, nonce: 9, batches: [received()] }],
  'replay on the update topic': [
    updateTopic('TRADE'),
    { kind: 'replay', publisher, nonce: 0, batches: [received(), received(extreme())] },
  ],
  'replay of a reset': [
    replyTopic(subscriber),
    {
      kind: 'replay',
      publisher,
      nonce: 9,
      batches: [received(resetOf({ text: 'TRUNCATE', keys: [] }))],
    },
  ],
  refusal: [
    replyTopic(subscriber),
    { kind: 'refusal', publisher, nonce: 10, table: 'TRADE', firstRetained: 128 },
  ],
  mark: [
    updateTopic('TRADE'),
    { kind: 'mark', publisher, table: 'TRADE', answers: [{ subscriber, nonce: 128 }], last: 5 },
  ],
  'mark for all tables': [
    updateTopic('TRADE').slice(0, 'table/'.length),
    { kind: 'mark', publisher, table: null, answers: [{ subscriber, nonce: 1 }], last: 0 },
  ],
  vector: [
    replyTopic(subscriber),
    {
      kind: 'vector',
      publisher,
      nonce: 16_384,
      all: true,
      streams: [
        { table: 'TRADE', last: 300, first: 200, since: 290, ageMs: 1234.5 },
        { table: 'QUIET', last: 0, first: 1, since: 1, ageMs: null },
      ],
    },
  ],
  heartbeat: [
    statusTopic(incarnation),
    { kind: 'heartbeat', publisher: replica, streams, confirm: true },
  ],
  'heartbeat of a quiet publisher': [
    statusTopic(incarnation),
    { kind: 'heartbeat', publisher, streams: [], confirm: false },
  ],
  leaving: [statusTopic(incarnation), { kind: 'leaving', publisher, streams }],
}

const requests: Record<string, Request> = {
  'request: sync of some tables': {
    kind: 'sync',
    subscriber,
    nonce: 1,
    sinceMs: 1234,
    tables: ['TRADE', 'A/B Ö'],
    marks: ['TRADE'],
    incarnations: [incarnation],
  },
  'request: sync of all': {
    kind: 'sync',
    subscriber,
    nonce: 2 ** 53 - 1,
    sinceMs: 0,
    tables: '*',
    marks: '*',
    incarnations: null,
  },
  'request: replay': {
    kind: 'replay',
    subscriber,
    nonce: 3,
    incarnation,
    table: 'TRADE',
    from: 100,
    to: 2 ** 32,
  },
  'request: confirm': { kind: 'confirm', subscriber, incarnation, streams },
}

const refusedRequests: Record<string, Request> = {
  'request: sync that names a table twice, refused': {
    kind: 'sync',
    subscriber,
    nonce: 4,
    sinceMs: 0,
    tables: ['TRADE', 'POSITION'],
    marks: ['TRADE', 'POSITION', 'TRADE'],
    incarnations: null,
  },
}

/** Bytes that were not encoded here. */
function others(): [name: string, topic: string, message: Uint8Array][] {
  const trade = updateTopic('TRADE')
  const behind = (topic: string, frame: Uint8Array) => Buffer.concat([Buffer.from(topic), frame])
  const changed = (at: number) => {
    const frame = Buffer.from(small().frame)
    frame[at] = (frame[at] as number) ^ 1
    return behind(trade, frame)
  }
  const elsewhere = (topic: string) => [topic, behind(topic, small().frame)] as const
  const status = statusTopic(incarnation)
  return [
    ['refused: a bit flipped', trade, changed(60)],
    ['refused: another version', trade, changed(3)],
    ['refused: cut short', trade, behind(trade, small().frame.subarray(0, 20))],
    ['refused: the topic of another table', ...elsewhere(updateTopic('TRADE_AUDIT'))],
    ['refused: not our magic', status, behind(status, Buffer.from('{}'))],
    ['refused: an unknown topic', ...elsewhere('updates/TRADE/')],
  ]
}

/** What foreign programs send, the first bytes behind `update/TRADE/`. */
const foreign: Record<string, string | Buffer> = {
  'foreign: one update': '{"kind":"insert","record":{"id":"ü","n":1.5}}',
  'foreign: a commit':
    '[{"kind":"modify","record":{"__proto__":1},"before":{"a":null},"version":"-9223372036854775808"},' +
    '{"kind":"delete","record":{},"version":12,"more":true}]',
  'foreign: not JSON': '{"kind":"insert"',
  'foreign: no update': '{"kind":"upsert","record":{}}',
  'foreign: not UTF-8': Buffer.from([0x7b, 0xff, 0x7d]),
}

/** Values as JSON can hold them, as docs/WIRE.md says under "Test vectors". */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return { $int64: String(value) }
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { $float64: Object.is(value, -0) ? '-0' : String(value) }
  }
  if (value instanceof Date) return { $date: plain(value.getTime()) }
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('hex') }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.map(([name, member]) => [name, plain(member)]))
}

/** The updates without what stands in the header of their batch already. */
function plainUpdates(updates: readonly Update[]): unknown {
  return updates.map(
    ({ publisher: _publisher, publishedAt: _publishedAt, foreign: _foreign, ...update }) =>
      plain(update),
  )
}

function plainBatch(message: BatchMessage): unknown {
  const { payload: _payload, frame: _frame, ...batch } = message
  if (message.reset) {
    const { text, keys } = message.reset
    return { ...batch, reset: { text, keys: keys.map((key) => plain(keyOf(key))) } }
  }
  if (message.unpublished !== undefined) return batch
  const updates: Update[] = []
  if (!new RowReader().read(message, 0, updates)) throw new Error('the rows are malformed')
  return { ...batch, updates: plainUpdates(updates) }
}

function meaningOf(bytes: Uint8Array): unknown {
  const message = decodeMessage(bytes)
  if (message.kind === 'batch') return plainBatch(message)
  if (message.kind === 'replay')
    return { ...message, batches: message.batches.map((batch) => plainBatch(batch)) }
  return message
}

function made(): Vector[] {
  const vector = (name: string, topic: string, message: Uint8Array): Vector => ({
    name,
    topic,
    message: Buffer.from(message).toString('hex'),
    meaning: meaningOf(message),
  })
  return [
    ...Object.entries(batches).map(([name, batch]) => {
      const { table, message } = batch()
      return vector(name, updateTopic(table), message)
    }),
    ...Object.entries(messages).map(([name, [topic, message]]) =>
      vector(name, topic, encodeMessage(topic, message)),
    ),
    ...others().map(([name, topic, message]) => vector(name, topic, message)),
    ...Object.entries({ ...requests, ...refusedRequests }).map(([name, request]): Vector => {
      const frame = encodeRequest(request)
      return {
        name,
        request: Buffer.from(frame).toString('hex'),
        meaning: decodeRequest(frame),
      }
    }),
    ...Object.entries(foreign).map(([name, json]): Vector => {
      const bytes = Buffer.concat([Buffer.from('update/TRADE/'), Buffer.from(json)])
      return { name, foreign: bytes.toString('hex'), meaning: foreignMeaning(bytes) }
    }),
  ]
}

function foreignMeaning(bytes: Buffer): unknown {
  const message = decodeForeign([bytes])
  if (message.kind === 'refused') return { kind: message.kind, reason: message.reason }
  return { ...message, updates: plain(message.updates) }
}

if (process.env['WRITE_VECTORS'] !== undefined) {
  const text = JSON.stringify({ version: wireVersion, vectors: made() }, null, 1)
  fs.writeFileSync(vectorsFile, `${text}\n`)
}

const { vectors } = JSON.parse(fs.readFileSync(vectorsFile, 'utf8')) as {
  vectors: readonly Vector[]
}

describe('test vectors', () => {
  it.each(vectors)('$name: its bytes mean what they meant', (vector) => {
    const bytes = (hex: string) => Buffer.from(hex, 'hex')
    const meaning =
      vector.request !== undefined
        ? decodeRequest(bytes(vector.request))
        : vector.foreign !== undefined
          ? foreignMeaning(bytes(vector.foreign))
          : meaningOf(bytes(vector.message ?? ''))
    expect(JSON.parse(JSON.stringify(meaning))).toEqual(vector.meaning)
  })

  it('W2: what is encoded is byte for byte what it was', () => {
    expect(JSON.parse(JSON.stringify(made()))).toEqual(vectors)
  })

  it('messages and requests come back as they went', () => {
    for (const [topic, message] of Object.values(messages)) {
      const back = decodeMessage(encodeMessage(topic, message))
      expect(plain(back)).toEqual(plain(message))
    }
    for (const request of Object.values(requests)) {
      expect(decodeRequest(encodeRequest(request))).toEqual(request)
    }
  })
})
