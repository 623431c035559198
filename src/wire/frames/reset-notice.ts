import type { ResetNotice } from '../../model/message.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import { wireLimits } from '../limits.ts'
import type { EncodedRows } from '../rows/encoded-rows.ts'
import { keyOf } from '../rows/record-key.ts'
import { UnpublishedRows } from './unpublished-rows.ts'

/** Why the batch of a reset has no rows. */
export const resetWord = 'reset'

/**
 * What a reset says stands behind the commits of its batch: text · number of keys · keys. A reader that does
 * not know of it takes the batch for updates that could not be published, and tells its application a loss.
 */
export function writeReset(out: ByteWriter, { text, keys }: ResetNotice): void {
  out.text(text)
  out.varint(keys.length)
  for (const key of keys) out.text(key)
}

const leastKeyBytes = 3

export function readReset(reader: ByteReader): ResetNotice {
  const text = reader.text(0, wireLimits.maxResetTextBytes)
  const keys: string[] = []
  for (
    let left = reader.count(leastKeyBytes, 0, wireLimits.maxResetKeys);
    left > 0 && reader.problem === null;
    left--
  ) {
    const key = reader.text(1, wireLimits.maxResetKeysBytes)
    if (reader.problem === null && keyOf(key) === null) reader.refuse('bad-text')
    keys.push(key)
  }
  return { text, keys }
}

/** In place of rows: one reset. */
export class ResetRows extends UnpublishedRows implements EncodedRows {
  readonly reset: ResetNotice

  constructor(reset: ResetNotice) {
    super(1, resetWord)
    this.reset = reset
  }

  /** Close to what it takes of a batch. */
  get bytes(): number {
    const { text, keys } = this.reset
    return keys.reduce((sum, key) => sum + Buffer.byteLength(key), Buffer.byteLength(text))
  }
}
