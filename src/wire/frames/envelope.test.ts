import { describe, expect, it } from 'vitest'
import type { BatchMessage, HeartbeatMessage, OutgoingBatch } from '../../model/message.ts'
import { replyTopic, statusTopic, updateTopic } from '../../model/topic.ts'
import { sealEnvelope } from './envelope.ts'
import { wireLimits } from '../limits.ts'
import { encodeBatch, decodeMessage, encodeMessage } from './message-codec.ts'
import { decodeRequest, encodeRequest } from './request-codec.ts'
import { RowWriter } from '../rows/row-writer.ts'
import { decodeFrames } from '../../../test/harness/frames.ts'

const incarnation = '0'.repeat(32)
const publisher = { node: 'n', process: 'P', instance: '', incarnation }
const heartbeat: HeartbeatMessage = {
  kind: 'heartbeat',
  publisher,
  streams: [{ table: 'TRADE', last: 3 }],
  confirm: false,
}
const topicOf = (topic: string) => Buffer.from(topic)
const status = topicOf(statusTopic(incarnation))
const frameOf = (message: Parameters<typeof encodeMessage>[1]) =>
  Buffer.from(encodeMessage('', message))
const reasonOf = (frames: readonly Uint8Array[]) => {
  const message = decodeFrames(frames)
  return message.kind === 'refused' ? message.reason : message.kind
}

/** The heartbeat with one byte of its envelope changed and the checksum right again. */
function altered(at: number, byte: number): string {
  const frame = frameOf(heartbeat)
  frame[at] = byte
  sealEnvelope(frame)
  return reasonOf([status, frame])
}

function batchOf(table: string, by = publisher): OutgoingBatch {
  const writer = new RowWriter()
  writer.append({ kind: 'insert', record: { id: 1 } })
  const [rows] = writer.take()
  if (!rows) throw new Error('no rows')
  return encodeBatch(
    {
      publisher: by,
      table,
      first: 1,
      count: 1,
      parcel: 1,
      manifest: [{ table, last: 1 }],
      commits: [{ type: 'run', commit: 1, commits: 1, updatesEach: 1 }],
      publishedAt: 0,
    },
    rows,
  )
}

describe('an envelope', () => {
  it('W2: says who publishes: node, process, instance and incarnation', () => {
    const named = { node: 'ä', process: 'P Q', instance: '2', incarnation: 'f'.repeat(32) }
    const frame = frameOf({ ...heartbeat, publisher: named })
    const message = decodeFrames([topicOf(statusTopic(named.incarnation)), frame])
    expect(message).toMatchObject({ kind: 'heartbeat', publisher: named })
  })

  it('W2: has a checksum over its bytes, the first 4,096 of a larger one', () => {
    const whole = frameOf(heartbeat)
    for (let at = 0; at < whole.length; at++) {
      const frame = Buffer.from(whole)
      frame[at] = (frame[at] ?? 0) ^ 1
      expect(reasonOf([status, frame]), `byte ${at}`).toMatch(/^(bad-crc|bad-magic|unknown-)/)
    }
    const large = Buffer.concat([whole, Buffer.alloc(2 * wireLimits.checksumBytes)])
    sealEnvelope(large)
    for (const [at, outcome] of [
      [wireLimits.checksumBytes - 1, 'bad-crc'],
      [wireLimits.checksumBytes, 'heartbeat'],
    ] as const) {
      const frame = Buffer.from(large)
      frame[at] = 1
      expect(reasonOf([status, frame]), `byte ${at}`).toBe(outcome)
    }
  })

  it.each([
    ['another version', 3, 1, 'unknown-version'],
    ['an unknown kind', 4, 99, 'unknown-kind'],
    ['a flag that must be understood', 5, 0x20, 'unknown-flags'],
    ['the direction of requests', 2, 0x55, 'bad-magic'],
    ['another magic', 1, 0x53, 'bad-magic'],
  ])('W2: is refused with %s', (_what, at, byte, reason) => {
    expect(altered(at, byte)).toBe(reason)
  })

  it('W2: may have flags and reserved bytes that a reader need not understand', () => {
    expect(altered(5, 0x0f)).toBe('heartbeat')
    expect(altered(6, 0xff)).toBe('heartbeat')
  })

  it('W4: is refused in a frame of more than 5 MiB', () => {
    const grown = (bytes: number) => {
      const frame = Buffer.concat([frameOf(heartbeat), Buffer.alloc(bytes)])
      sealEnvelope(frame)
      return reasonOf([status, frame])
    }
    const room = wireLimits.maxFrameBytes - frameOf(heartbeat).length
    expect(grown(room)).toBe('heartbeat')
    expect(grown(room + 1)).toBe('too-large')
  })

  it('W2: may be followed by more than this version reads', () => {
    const frame = Buffer.concat([frameOf(heartbeat), Buffer.from('more')])
    sealEnvelope(frame)
    expect(reasonOf([status, frame])).toBe('heartbeat')
  })
})

describe('a message', () => {
  it('W1: is one frame that begins with its topic', () => {
    expect(reasonOf([batchOf('TRADE').message])).toBe('batch')
    expect(reasonOf([encodeMessage(statusTopic(incarnation), heartbeat)])).toBe('heartbeat')
    const all = { kind: 'mark', publisher, table: null, answers: [], last: 0 } as const
    expect(reasonOf([encodeMessage('table/', all)])).toBe('mark')
    for (const text of ['', '/', 'table', 'table/TRADE', 'other/TRADE/', 'update/TRADE/'])
      expect(reasonOf([Buffer.from(text)]), text).toBe('bad-topic')
    expect(reasonOf([])).toBe('bad-frames')
  })

  it('W1: of another program may have its topic in a frame of its own, and no third', () => {
    const { message, frame } = batchOf('TRADE')
    const topic = topicOf(updateTopic('TRADE'))
    expect(decodeFrames([topic, frame])).toEqual(decodeMessage(message))
    expect(reasonOf([topic, frame, frame])).toBe('bad-frames')
  })

  const mark = { kind: 'mark', publisher, table: 'TRADE', answers: [], last: 1 } as const
  const vector = { kind: 'vector', publisher, nonce: 1, all: false, streams: [] } as const

  it('W1: is refused on a topic where its kind does not travel', () => {
    const update = topicOf(updateTopic('TRADE'))
    const reply = topicOf(replyTopic('a'.repeat(32)))
    expect(reasonOf([update, frameOf(mark)])).toBe('mark')
    expect(reasonOf([reply, frameOf(vector)])).toBe('vector')
    expect(reasonOf([update, frameOf(heartbeat)])).toBe('topic-mismatch')
    expect(reasonOf([reply, frameOf(mark)])).toBe('topic-mismatch')
    expect(reasonOf([status, frameOf(vector)])).toBe('topic-mismatch')
  })

  it('W1: is refused on the topic of another table or publisher', () => {
    const { frame } = batchOf('TRADE')
    expect(reasonOf([topicOf(updateTopic('TRADE')), frame])).toBe('batch')
    expect(reasonOf([topicOf(updateTopic('OTHER')), frame])).toBe('topic-mismatch')
    const other = topicOf(statusTopic('f'.repeat(32)))
    expect(reasonOf([other, frameOf(heartbeat)])).toBe('topic-mismatch')
  })

  it('W1: without our magic is refused on every topic', () => {
    const table = topicOf(updateTopic('TRADE'))
    // The second has at its third byte what says there that a frame of ours comes from a publisher.
    for (const json of ['{"kind":"insert","record":{}}', '{"D":"insert","record":{}}'])
      for (const topic of [table, status, topicOf(replyTopic(incarnation))])
        expect(reasonOf([topic, Buffer.from(json)])).toBe('bad-magic')
    expect(reasonOf([topicOf('table/'), Buffer.from('{}')])).toBe('bad-topic')
  })

  describe('a replay', () => {
    const replayOf = (batches: readonly BatchMessage[], topic = updateTopic('TRADE')) =>
      encodeMessage(topic, { kind: 'replay', publisher, nonce: 1, batches })
    const batch = batchOf('TRADE')

    it('W2: of one publisher cannot replay the batch of another', () => {
      const by = { ...publisher, incarnation: 'f'.repeat(32) }
      expect(reasonOf([replayOf([batch])])).toBe('replay')
      expect(reasonOf([replayOf([batch, batchOf('TRADE', by)])])).toBe('publisher-mismatch')
    })

    it('W2: has all its batches as they were sent first', () => {
      const message = decodeMessage(replayOf([batch, batch]))
      if (message.kind !== 'replay') throw new Error(message.kind)
      const frames = message.batches.map(({ frame }) => Buffer.from(frame))
      expect(frames).toEqual([Buffer.from(batch.frame), Buffer.from(batch.frame)])
    })

    it('W1: on the topic of a table has batches of that table alone', () => {
      const both = [batch, batchOf('OTHER')]
      expect(reasonOf([replayOf(both)])).toBe('topic-mismatch')
      expect(reasonOf([replayOf(both, replyTopic('a'.repeat(32)))])).toBe('replay')
    })

    it('W2: is refused without a batch, with a part of one, and with more than a reader takes', () => {
      const most = wireLimits.maxReplayBatches
      expect(reasonOf([replayOf([])])).toBe('bad-length')
      const cut = replayOf([batch, { ...batch, frame: batch.frame.subarray(0, 20) }])
      expect(reasonOf([cut])).toBe('too-short')
      expect(reasonOf([replayOf(Array.from({ length: most }, () => batch))])).toBe('replay')
      expect(reasonOf([replayOf(Array.from({ length: most + 1 }, () => batch))])).toBe('bad-count')
    })
  })
})

describe('a request', () => {
  const request = { kind: 'replay', subscriber: 'a'.repeat(32), nonce: 1, incarnation } as const
  const frame = encodeRequest({ ...request, table: 'T', from: 1, to: 2 })

  it('W6: is one frame that libzmq does not take for a subscription', () => {
    expect([0, 1]).not.toContain(frame[0])
    expect(decodeRequest(frame)).toEqual({ ...request, table: 'T', from: 1, to: 2 })
  })

  it('W6: is refused where it is a message from a publisher', () => {
    expect(decodeRequest(frameOf(heartbeat))).toEqual({ kind: 'refused', reason: 'bad-magic' })
  })

  it('W6: is refused with a range that ends before it begins', () => {
    const backwards = encodeRequest({ ...request, table: 'T', from: 3, to: 2 })
    expect(decodeRequest(backwards)).toEqual({ kind: 'refused', reason: 'bad-number' })
  })
})
