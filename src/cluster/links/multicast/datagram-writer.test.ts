import { expect, test } from 'vitest'
import { seededRandom } from '../../../base/random.ts'
import { type Datagram, decodeDatagram } from './datagram.ts'
import { DatagramWriter } from './datagram-writer.ts'
import { MessageAssembly } from './message-assembly.ts'
import { decodeRecords } from './records.ts'

const maxBytes = 1024 * 1024

const newWriter = (datagramBytes = 600) =>
  new DatagramWriter({ session: '0102030405060708', cluster: 1, datagramBytes, sealing: null })

function recordsOf(writer: DatagramWriter) {
  return writer.take().map(({ sequence, bytes }) => {
    const datagram = decodeDatagram(bytes)
    if (typeof datagram === 'string') throw new Error(datagram)
    expect(datagram.sequence).toBe(sequence)
    const records = decodeRecords(datagram.records)
    if (records === null) throw new Error('no records')
    return records
  })
}

const kindsOf = (writer: DatagramWriter) =>
  recordsOf(writer).map((records) => records.map(({ kind }) => kind))

test('X2: small messages share a datagram, which leaves when it is full or closed', () => {
  const writer = newWriter()
  for (let n = 0; n < 4; n++) writer.message(Buffer.alloc(200, n))
  expect(kindsOf(writer)).toEqual([['whole', 'whole']])
  writer.close()
  writer.close()
  expect(kindsOf(writer)).toEqual([['whole', 'whole']])
})

test('X2: a message that fits no datagram is cut over consecutive ones, and what follows shares the last', () => {
  const writer = newWriter()
  writer.message(Buffer.alloc(100))
  writer.message(Buffer.alloc(1200))
  writer.message(Buffer.alloc(50))
  writer.close()
  expect(kindsOf(writer)).toEqual([['whole', 'first'], ['next'], ['final', 'whole']])
})

test('X2: datagrams are numbered from 1 without holes, those without content too', () => {
  const writer = newWriter()
  writer.idle()
  writer.message(Buffer.alloc(1))
  writer.idle()
  const all = writer.take()
  expect(all.map(({ sequence }) => sequence)).toEqual([1, 2, 3])
  expect(all.map(({ bytes }) => bytes.length)).toEqual([28, 32, 28])
})

test('X7: one without content is as long as it is to be, and is no message to who reads it', () => {
  const writer = newWriter()
  writer.message(Buffer.from('before'))
  for (const bytes of [600, 1_200, 32, 31, 10]) writer.idle(bytes)
  writer.message(Buffer.from('behind'))
  writer.close()
  const all = writer.take()
  expect(all.map(({ bytes }) => bytes.length)).toEqual([37, 600, 600, 32, 28, 28, 37])
  const assembly = new MessageAssembly(maxBytes)
  const messages = all.flatMap(({ bytes }) => {
    const { records } = decodeDatagram(bytes) as Datagram
    return (decodeRecords(records) ?? []).flatMap((record) => assembly.take(record) ?? [])
  })
  expect(messages.map(String)).toEqual(['before', 'behind'])
  expect(assembly.torn).toBe(0)
})

test('X2: whatever is written is read, and no datagram is longer than allowed', () => {
  const random = seededRandom(7)
  for (const datagramBytes of [576, 577, 600, 1400, 9000]) {
    const writer = newWriter(datagramBytes)
    const written: Buffer[] = []
    for (let n = 0; n < 400; n++) {
      const size = 1 + Math.floor(random() ** 3 * datagramBytes * 4)
      const message = Buffer.alloc(size, n)
      written.push(message)
      writer.message(message)
      if (random() < 0.2) writer.close()
    }
    // Sizes at which a message just fits, and just does not.
    for (let less = 20; less < 50; less++) {
      const message = Buffer.alloc(datagramBytes - less, less)
      written.push(message)
      writer.message(message)
    }
    writer.close()
    const datagrams = writer.take()
    expect(Math.max(...datagrams.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(
      datagramBytes,
    )
    const assembly = new MessageAssembly(maxBytes)
    const read: Buffer[] = []
    for (const { bytes } of datagrams)
      for (const record of decodeRecords(bytes.subarray(28)) ?? []) {
        const message = assembly.take(record)
        if (message) read.push(message)
      }
    expect(assembly.torn).toBe(0)
    expect(Buffer.concat(read).equals(Buffer.concat(written))).toBe(true)
    expect(read.map(({ length }) => length)).toEqual(written.map(({ length }) => length))
  }
})
