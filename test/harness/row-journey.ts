import { expect } from 'vitest'
import type { BatchMessage, CommitEntry } from '../../src/model/message.ts'
import { updateTopic } from '../../src/model/topic.ts'
import type { Update } from '../../src/model/update.ts'
import { wireLimits } from '../../src/wire/limits.ts'
import { encodeBatch } from '../../src/wire/frames/message-codec.ts'
import { RowReader } from '../../src/wire/rows/row-reader.ts'
import { RowWriter } from '../../src/wire/rows/row-writer.ts'
import type { RowUpdate } from '../../src/wire/rows/row-update.ts'
import { decodeFrames } from './frames.ts'

export const publisher = { node: 'n', process: 'P', instance: '', incarnation: 'ab'.repeat(16) }

/** Takes what the writer has as the messages that a subscriber gets. */
export function batches(writer: RowWriter, from = 1): BatchMessage[] {
  let first = from
  return writer.take().map((rows) => {
    const commits: CommitEntry[] = [
      { type: 'run', commit: first, commits: rows.count, updatesEach: 1 },
    ]
    const header = { publisher, table: 'T', first, count: rows.count, parcel: 1, commits }
    first += rows.count
    const manifest = [{ table: 'T', last: first - 1 }]
    const { frame } = encodeBatch({ ...header, manifest, publishedAt: 1 }, rows)
    expect(frame.length).toBeLessThanOrEqual(wireLimits.maxBatchBytes)
    const message = decodeFrames([Buffer.from(updateTopic('T')), frame])
    if (message.kind !== 'batch') throw new Error(JSON.stringify(message))
    return message
  })
}

export function readAll(messages: readonly BatchMessage[], reader = new RowReader()): Update[] {
  const updates: Update[] = []
  for (const message of messages) expect(reader.read(message, 0, updates)).toBe(true)
  return updates
}

export function roundTrip(updates: readonly RowUpdate[], writer = new RowWriter()): Update[] {
  for (const update of updates) writer.append(update)
  return readAll(batches(writer))
}

export const records = (updates: readonly Update[]) => updates.map(({ record }) => record)
export const insert = (record: object): RowUpdate => ({ kind: 'insert', record })
export const back = (...list: object[]) => records(roundTrip(list.map(insert)))
