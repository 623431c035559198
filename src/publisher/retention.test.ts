import { describe, expect, it } from 'vitest'
import type { OutgoingBatch } from '../model/message.ts'
import { OpenParcel } from './open-parcel.ts'
import { PublishedStream } from './published-stream.ts'
import { defaultPublisherLimits } from './publisher-limits.ts'
import { Retention } from './retention.ts'
import { reserveChunkBytes } from './retention-memory.ts'

const identity = { node: 'n', process: 'p', instance: '', incarnation: 'a'.repeat(32) }
const parcel = new OpenParcel(identity, defaultPublisherLimits.maxCommitBytes)

/** A batch of one update of about so many bytes, as the next of its stream. */
function batchOf({ table, closed }: PublishedStream, bytes: number): OutgoingBatch {
  const record = { ID: closed, TEXT: 'x'.repeat(bytes) }
  parcel.addOne({ table, kind: 'insert', record }, closed + 1)
  return parcel.close({ parcel: 1, publishedAt: 0, closedAt: 0 }, () => closed + 1).next()
}

const bufferOf = (stream: PublishedStream, at: number) =>
  stream.retained.at(at)?.message.bytes.buffer as ArrayBuffer

describe('retention', () => {
  it('D18: uses the memory of what it lets go again', () => {
    const retention = new Retention({ ...defaultPublisherLimits, retentionBytes: 4 * 1024 * 1024 })
    const stream = new PublishedStream('TRADE')
    const buffers = new Set<ArrayBuffer>()
    for (let n = 0; n < 1_000; n++) {
      retention.add(stream, batchOf(stream, 50_000), 0)
      buffers.add(bufferOf(stream, -1))
    }
    // 50 MB came by: four chunks hold what is retained, the rest grew up to their size or is spare.
    expect(buffers.size).toBeLessThan(16)
  })

  it('D18: keeps what is small in memory that V8 does not count', () => {
    const stream = new PublishedStream('TRADE')
    const retention = new Retention(defaultPublisherLimits)
    const batch = batchOf(stream, 1_000)
    const before = process.memoryUsage().external
    for (let n = 0; n < 30_000; n++) retention.add(stream, batch, 0)
    expect(retention.bytes).toBeGreaterThan(30_000_000)
    expect(process.memoryUsage().external - before).toBeLessThan(4_000_000)
  })

  it('D18: keeps the reserve of a quiet table in memory of its own', () => {
    const retention = new Retention({ ...defaultPublisherLimits, retentionBytes: 4 * 1024 * 1024 })
    const [busy, quiet] = [new PublishedStream('BUSY'), new PublishedStream('QUIET')]
    const addBusy = () => retention.add(busy, batchOf(busy, 50_000), 0)
    for (let n = 0; n < 100; n++) addBusy()
    for (let n = 0; n < 10; n++) retention.add(quiet, batchOf(quiet, 100), 0)
    const sent = quiet.retained.at(0)?.message.bytes.slice()
    const before = bufferOf(quiet, 0)
    for (let n = 0; n < 100; n++) addBusy()
    expect(quiet.retained.length).toBe(10)
    for (let at = 0; at < 10; at++) {
      expect(bufferOf(quiet, at)).not.toBe(before)
      expect(bufferOf(quiet, at).byteLength).toBe(reserveChunkBytes)
    }
    expect(quiet.retained.at(0)?.message.bytes).toEqual(sent)
  })
})
