import fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/random.ts'
import type { Random } from '../base/random.ts'
import type { BatchMessage } from '../model/message.ts'
import type { Update } from '../model/update.ts'
import { updateTopic } from '../model/topic.ts'
import { wireVersion } from '../model/wire-version.ts'
import { isOurs, sealEnvelope } from './frames/envelope.ts'
import { decodeForeign } from './frames/foreign.ts'
import { wireLimits } from './limits.ts'
import { decodeMessage } from './frames/message-codec.ts'
import { refusedReasons } from './refused.ts'
import type { Refused } from './refused.ts'
import { decodeRequest } from './frames/request-codec.ts'
import { RowReader } from './rows/row-reader.ts'
import { decodeFrames } from '../../test/harness/frames.ts'

interface Seed {
  readonly topic?: string
  readonly message?: string
  readonly request?: string
  readonly foreign?: string
}

const { vectors } = JSON.parse(
  fs.readFileSync(new URL('../../docs/wire/vectors.json', import.meta.url), 'utf8'),
) as { vectors: readonly Seed[] }
const ofMessages = vectors.filter(({ message }) => message !== undefined)
const ofRequests = vectors.filter(({ request }) => request !== undefined)
const ofForeign = vectors.filter(({ foreign }) => foreign !== undefined)
const fromHex = (hex: string) => Buffer.from(hex, 'hex')
/** What stands behind the topic. */
const frameOf = ({ topic = '', message = '' }: Seed) => fromHex(message).subarray(topic.length)

const below = (random: Random, limit: number) => Math.floor(random() * limit)
const pick = <Item>(random: Random, items: readonly Item[]) =>
  items[below(random, items.length)] as Item

const extremes = [0, 1, 0x7f, 0x80, 0xff]
const extremeWords = [0, 1, 7, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff]

/** One change to a frame: of a bit, a byte, a word, its length, or a piece of another frame. */
function mutated(random: Random, frame: Buffer, other: Buffer): Buffer {
  const at = below(random, frame.length + 1)
  const copy = Buffer.from(frame)
  switch (below(random, 7)) {
    case 0:
      if (at < copy.length) copy[at] = (copy[at] as number) ^ (1 << below(random, 8))
      return copy
    case 1:
      if (at < copy.length) copy[at] = pick(random, extremes)
      return copy
    case 2: {
      const word = at - (at % 4)
      if (word + 4 <= copy.length) copy.writeUInt32LE(pick(random, extremeWords), word)
      return copy
    }
    case 3:
      return copy.subarray(0, at)
    case 4:
      return Buffer.concat([copy.subarray(0, at), other.subarray(below(random, other.length))])
    case 5:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(below(random, copy.length))])
    default:
      return Buffer.concat([copy, Buffer.alloc(below(random, 64), pick(random, extremes))])
  }
}

/** Most get a right checksum again: without, nothing behind the envelope would ever be tried. */
function damaged(random: Random, frame: Buffer, other: Buffer): Buffer {
  let result = frame
  for (let n = 1 + below(random, 3); n > 0; n--) result = mutated(random, result, other)
  if (isOurs(result) && result.length >= 28 && random() < 0.9) sealEnvelope(result)
  return result
}

const reasons: readonly string[] = refusedReasons
const count = (found: Map<string, number>, name: string) =>
  found.set(name, (found.get(name) ?? 0) + 1)

/** Which of the names were found too seldom to say that they were tried. */
const seldom = (found: ReadonlyMap<string, number>, names: readonly string[]) =>
  names.filter((name) => (found.get(name) ?? 0) < 100)

/** Reads the rows of a batch and checks that a refusal leaves nothing behind. */
function readRows(random: Random, reader: RowReader, batch: BatchMessage): string {
  const updates: Update[] = []
  const skip = below(random, 3) === 0 ? below(random, batch.count + 2) : 0
  const isRead = reader.read(batch, skip, updates)
  const owed = isRead ? Math.max(0, batch.count - skip) : 0
  if (updates.length !== owed) throw new Error(`${updates.length} updates instead of ${owed}`)
  return isRead ? 'rows read' : 'rows malformed'
}

describe('decoders are total', () => {
  it('W4: 100,000 damaged messages give a message or a named reason', () => {
    const random = seededRandom(20_251_123)
    const found = new Map<string, number>()
    const reader = new RowReader()
    for (let n = 0; n < 100_000; n++) {
      const seed = pick(random, ofMessages)
      const frame = damaged(random, frameOf(seed), frameOf(pick(random, ofMessages)))
      const topic = Buffer.from(random() < 0.95 ? (seed.topic ?? '') : updateTopic('OTHER'))
      const isOne = random() < 0.5
      const message = decodeFrames(isOne ? [Buffer.concat([topic, frame])] : [topic, frame])
      count(found, message.kind === 'refused' ? message.reason : message.kind)
      if (message.kind === 'batch') count(found, readRows(random, reader, message))
    }
    const unknown = [...found.keys()].filter(
      (name) => !reasons.includes(name) && !/^[a-z]+$|^rows /.test(name),
    )
    expect(unknown).toEqual([])
    // The inputs do reach every room of the decoders.
    expect(seldom(found, ['rows read', 'rows malformed', 'replay', 'vector', 'mark'])).toEqual([])
    expect(seldom(found, ['bad-crc', 'bad-length', 'bad-count', 'bad-number', 'bad-text'])).toEqual(
      [],
    )
  })

  it('W4: 100,000 damaged requests give a request or a named reason', () => {
    const random = seededRandom(42)
    const found = new Map<string, number>()
    for (let n = 0; n < 100_000; n++) {
      const frame = fromHex(pick(random, ofRequests).request ?? '')
      const other = fromHex(pick(random, ofRequests).request ?? '')
      const request = decodeRequest(damaged(random, frame, other))
      count(found, request.kind === 'refused' ? request.reason : request.kind)
    }
    expect(
      seldom(found, ['sync', 'replay', 'confirm', 'bad-length', 'bad-count', 'bad-number']),
    ).toEqual([])
  })

  it('W4: 50,000 damaged messages of foreign programs give updates or a named reason', () => {
    const random = seededRandom(99)
    const found = new Map<string, number>()
    for (let n = 0; n < 50_000; n++) {
      const bytes = fromHex(pick(random, ofForeign).foreign ?? '')
      const other = fromHex(pick(random, ofForeign).foreign ?? '')
      const message = decodeForeign([damaged(random, bytes, other)])
      if (message.kind === 'foreign') expect(message.updates.length).toBeGreaterThan(0)
      count(found, message.kind === 'refused' ? message.reason : message.kind)
    }
    const wanted = ['foreign', 'bad-topic', 'bad-json', 'bad-update', 'bad-text']
    expect(seldom(found, wanted)).toEqual([])
  })

  it('W4: random bytes give a named reason', () => {
    const random = seededRandom(7)
    const kinds = new Set<string>()
    for (let n = 0; n < 20_000; n++) {
      const bytes = Buffer.from(Array.from({ length: below(random, 200) }, () => random() * 256))
      if (bytes.length > 4 && random() < 0.5)
        bytes.set([0x89, 0x54, pick(random, [0x44, 0x55]), wireVersion])
      if (bytes.length >= 28) sealEnvelope(bytes)
      kinds.add(decodeFrames([Buffer.from(updateTopic('T')), bytes]).kind)
      kinds.add(decodeRequest(bytes).kind)
      decodeMessage(bytes)
      decodeFrames([bytes, bytes])
    }
    expect(kinds).toContain('refused')
  })

  it('W4: a promise of more than the bytes hold is refused before anything is allocated', () => {
    const seed = vectors.find(({ topic }) => topic === updateTopic('TRADE')) as Seed
    const whole = frameOf(seed)
    const topic = Buffer.from(seed.topic ?? '')
    const message = decodeFrames([topic, whole]) as BatchMessage
    const payloadAt = whole.length - message.payload.length
    for (let at = payloadAt; at < payloadAt + 32; at += 4) {
      const frame = Buffer.from(whole)
      frame.writeUInt32LE(0xffffffff, at)
      sealEnvelope(frame)
      const read = decodeFrames([topic, frame])
      const isRefused =
        read.kind === 'refused' || !new RowReader().read(read as BatchMessage, 0, [])
      expect(isRefused, `word ${(at - payloadAt) / 4}`).toBe(true)
    }
  })

  it.each<[Refused['reason'], Uint8Array[]]>([
    ['bad-frames', []],
    ['bad-topic', [Buffer.from('table/TRADE')]],
    ['bad-topic', [Buffer.alloc(1000, 0x61)]],
    ['bad-magic', [Buffer.from(`${updateTopic('T')}[]`)]],
    ['bad-frames', [Buffer.from(updateTopic('T')), Buffer.from('{}'), Buffer.from('{}')]],
    ['too-short', [Buffer.from(updateTopic('T')), Buffer.alloc(0)]],
    [
      'too-large',
      [Buffer.from(updateTopic('T')), Buffer.alloc(wireLimits.maxFrameBytes + 1, 0x20)],
    ],
    ['bad-magic', [Buffer.from(updateTopic('T')), Buffer.from('{"kind":"insert","record":{}}')]],
  ])('%s', (reason, frames) => {
    expect(decodeFrames(frames)).toEqual({ kind: 'refused', reason })
  })

  it.each<[Refused['reason'], string]>([
    ['bad-json', '['.repeat(1_000_000)],
    ['bad-update', '[]'],
    ['bad-update', 'null'],
    ['bad-update', '{"kind":"insert","record":{},"version":1.5}'],
  ])('%s of a foreign program', (reason, json) => {
    const refused = { kind: 'refused', reason, table: 'T' }
    expect(decodeForeign([Buffer.from('update/T/'), Buffer.from(json)])).toEqual(refused)
  })

  it('one publisher is one object, whatever its batches', () => {
    const trades = ofMessages.filter(({ topic }) => topic === updateTopic('TRADE'))
    const publishers = trades
      .map(({ message = '' }) => decodeMessage(fromHex(message)))
      .filter((message) => message.kind === 'batch')
      .map(({ publisher }) => publisher)
    expect(publishers.length).toBeGreaterThan(5)
    expect(new Set(publishers).size).toBe(1)
  })
})
