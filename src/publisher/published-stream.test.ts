import { expect, it } from 'vitest'
import { wireLimits } from '../wire/limits.ts'
import { OpenParcel } from './open-parcel.ts'
import { PublishedStream } from './published-stream.ts'
import { batchChunkBytes, RetentionMemory } from './retention-memory.ts'

it('retains of a batch the message and its place, not its commits and manifest once more', () => {
  const parcel = new OpenParcel(
    { node: 'n', process: 'p', instance: '', incarnation: 'a'.repeat(32) },
    wireLimits.maxFrameBytes,
  )
  const update = (table: string, id: number) =>
    ({ table, kind: 'insert', record: { ID: id } }) as const
  for (let id = 1; id <= 50; id++) parcel.addAll([update('TRADE', id), update('POSITION', id)], id)
  const batch = parcel.close({ parcel: 1, publishedAt: 0, closedAt: 0 }, () => 50).next()
  const stream = new PublishedStream('TRADE')
  const message = new RetentionMemory(batchChunkBytes).keep(batch.message)
  stream.retain(batch, message, 5)
  expect([...stream.retained]).toEqual([{ first: 1, count: 50, message, retainedAt: 5 }])
  expect(Buffer.from(message.bytes).equals(batch.message)).toBe(true)
})
