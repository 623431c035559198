import { createSecretKey } from 'node:crypto'
import fs from 'node:fs'
import { expect, test } from 'vitest'
import type { ChannelMessage } from './channel-message.ts'
import { decodeChannelMessage, encodeChannelMessage } from './channel-message.ts'
import { decodeDatagram } from './datagram.ts'
import { openDatagram, sealKeyBytes } from './datagram-seal.ts'
import { DatagramWriter } from './datagram-writer.ts'
import { multicastLimits } from './multicast-limits.ts'
import { decodeRecords } from './records.ts'
import { SealingKeys } from './sealing-keys.ts'

/**
 * docs/wire/multicast.json is the format as bytes: what is written here must give them, and they must give what they
 * mean. Where a difference is meant to be, WRITE_VECTORS=1 writes the file anew.
 */
const vectorsFile = new URL('../../../../docs/wire/multicast.json', import.meta.url)

const session = '0102030405060708'

interface Vector {
  readonly name: string
  readonly datagram?: string
  readonly channel?: string
  readonly meaning: unknown
}

/** Bytes as their hexadecimal digits. */
const readable = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each: unknown) => {
      const { type, data } = (each ?? {}) as { type?: string; data?: number[] }
      return type === 'Buffer' && data ? Buffer.from(data).toString('hex') : each
    }),
  )

/** Of sealed ones. */
const sealKey = Buffer.from(Array.from({ length: sealKeyBytes }, (_, place) => place))

function meaningOf(bytes: Buffer): unknown {
  const datagram = decodeDatagram(bytes)
  if (typeof datagram === 'string') throw new Error(datagram)
  const { epoch, records: open } = datagram
  const records = epoch === 0 ? open : openDatagram(createSecretKey(sealKey), bytes)
  if (records === null) throw new Error('another key has sealed it')
  const sealed = epoch === 0 ? {} : { key: sealKey }
  return readable({ ...datagram, ...sealed, records: decodeRecords(records) })
}

function datagramVectors(isSealed: boolean): Vector[] {
  const sealing = isSealed ? new SealingKeys(() => sealKey, multicastLimits, 0) : null
  const writer = new DatagramWriter({ session, cluster: 0x04030201, datagramBytes: 576, sealing })
  writer.message(Buffer.from('table/A/ one'))
  writer.message(Buffer.from('table/B/ two'))
  writer.close()
  writer.message(Buffer.alloc(560, 'x'))
  writer.message(Buffer.from('table/A/ three'))
  writer.close()
  writer.idle()
  const names = [
    'two messages',
    'the beginning of a message',
    'its end, and another one',
    'nothing',
  ]
  return writer.take().map(({ bytes }, place) => ({
    name: `${isSealed ? 'sealed ' : ''}datagram: ${names[place] ?? ''}`,
    datagram: bytes.toString('hex'),
    meaning: meaningOf(bytes),
  }))
}

const messages: Readonly<Record<string, ChannelMessage>> = {
  'hello of a node that is deaf': {
    type: 'hello',
    isDeaf: true,
    session,
    first: 5,
    sent: 2 ** 32 + 9,
    epoch: 0,
    key: Buffer.alloc(32),
    receiveBuffer: 8_388_608,
    interest: 3,
    knows: 2,
    source: '10.0.0.1',
  },
  'hello of a node that seals': {
    type: 'hello',
    isDeaf: false,
    session,
    first: 1,
    sent: 0,
    epoch: 2,
    key: sealKey,
    receiveBuffer: 8_388_608,
    interest: 1,
    knows: 0,
    source: '10.0.0.1',
  },
  'interest that has changed': {
    type: 'interest',
    since: 2,
    version: 3,
    changes: [
      { prefix: 'table/TRADE/', isAdded: true },
      { prefix: 'table/POSITION/', isAdded: false },
    ],
  },
  'two requests': { type: 'requests', frames: [Buffer.from('one'), Buffer.from('two')] },
  'ask for seven datagrams': {
    type: 'ask',
    session,
    ranges: [
      { from: 5, count: 1 },
      { from: 8, count: 6 },
    ],
  },
  'a datagram': { type: 'datagrams', frames: [Buffer.from('datagram')] },
  'a message behind datagram 9': {
    type: 'messages',
    messages: [{ after: 9, bytes: Buffer.from('reply/…') }],
  },
}

const channelVectors = (): Vector[] =>
  Object.entries(messages).map(([name, message]) => ({
    name: `channel: ${name}`,
    channel: encodeChannelMessage(message).toString('hex'),
    meaning: readable(message),
  }))

const made = [...datagramVectors(false), ...datagramVectors(true), ...channelVectors()]

if (process.env['WRITE_VECTORS'])
  fs.writeFileSync(vectorsFile, `${JSON.stringify({ version: 1, vectors: made }, null, 2)}\n`)

const { vectors } = JSON.parse(fs.readFileSync(vectorsFile, 'utf8')) as { vectors: Vector[] }

test('what is written gives the bytes of docs/wire/multicast.json', () => {
  expect(made).toEqual(vectors)
})

test.each(vectors)('$name: the bytes give what they mean', ({ datagram, channel, meaning }) => {
  if (datagram !== undefined) expect(meaningOf(Buffer.from(datagram, 'hex'))).toEqual(meaning)
  if (channel !== undefined)
    expect(readable(decodeChannelMessage(Buffer.from(channel, 'hex')))).toEqual(meaning)
})
