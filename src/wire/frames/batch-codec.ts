import { assert } from '../../base/assertion.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type {
  BatchHeader,
  BatchMessage,
  OutgoingBatch,
  TableSequence,
} from '../../model/message.ts'
import { updateTopic } from '../../model/topic.ts'
import type { PublisherIdentity } from '../../model/publisher-identity.ts'
import { ByteReader } from '../bytes/byte-reader.ts'
import { ByteWriter } from '../bytes/byte-writer.ts'
import { readCommits, writeCommits } from './commit-list.ts'
import type { EncodedRows } from '../rows/encoded-rows.ts'
import { beginEnvelope, envelopeBytes, frameFlags, messageKinds, sealEnvelope } from './envelope.ts'
import { writeNames } from './identity-cache.ts'
import { allocateFrame } from './frame-memory.ts'
import { wireLimits } from '../limits.ts'
import { payloadUpdates } from '../rows/payload.ts'
import { readReset, resetWord, writeReset } from './reset-notice.ts'
import { readSequences, readTable, writeSequences, writeTable } from './table-sequences.ts'

const alignment = 8
/** The flags of an update and a row without fields. */
const leastUpdateBytes = 9
const header = new ByteWriter()

/**
 * Writes a batch behind its topic, in memory that is never written again.
 *
 *   body: names · payload offset (u32, from the begin of the envelope) · publish time (f64) · table ·
 *   first · count · parcel · manifest · commits · of a reset what it says · zeros up to a multiple of 8 · payload
 *
 * Throws LIMIT_EXCEEDED where a name or the frame as a whole is too large.
 */
export function encodeBatch(
  batch: BatchHeader,
  rows: EncodedRows,
  topic: string = updateTopic(batch.table),
): OutgoingBatch {
  assert(rows.count === batch.count, 'the header of a batch speaks of its rows')
  writeHeader(batch)
  const bytes = header.length + rows.byteLength
  if (bytes > wireLimits.maxBatchBytes) {
    throw new TidingsError(
      'LIMIT_EXCEEDED',
      `a batch of table ${batch.table} would have ${bytes} bytes, at most ${wireLimits.maxBatchBytes} are possible`,
    )
  }
  const message = allocateFrame(topic.length + bytes)
  message.latin1Write(topic)
  const frame = message.subarray(topic.length)
  frame.set(header.view())
  const payload = frame.subarray(header.length)
  rows.writeTo(payload)
  sealEnvelope(frame)
  const { publisher, table, first, count, parcel, manifest, commits, publishedAt } = batch
  const { foreign, unpublished, reset } = batch
  return {
    kind: 'batch',
    publisher,
    table,
    first,
    count,
    parcel,
    manifest,
    commits,
    publishedAt,
    payload,
    frame,
    message,
    foreign,
    unpublished,
    reset,
  }
}

function writeHeader(batch: BatchHeader): void {
  const { foreign, unpublished } = batch
  const flags =
    (foreign ? frameFlags.foreign : 0) | (unpublished === undefined ? 0 : frameFlags.unpublished)
  beginEnvelope(header, 'down', messageKinds.batch, batch.publisher.incarnation, flags)
  writeNames(header, batch.publisher)
  const offsetAt = header.length
  header.u32(0)
  header.f64(batch.publishedAt)
  writeTable(header, batch.table)
  header.varint(batch.first)
  header.varint(batch.count)
  header.varint(batch.parcel)
  writeSequences(header, batch.manifest)
  writeCommits(header, batch.commits, batch.manifest)
  if (batch.reset) writeReset(header, batch.reset)
  header.align(alignment)
  header.setU32(offsetAt, header.length)
}

/** Reads a batch at the end of the names of a frame whose envelope is in order. */
export function readBatch(reader: ByteReader, publisher: PublisherIdentity): BatchMessage {
  const { buffer } = reader
  const payloadAt = reader.u32()
  if (payloadAt % alignment !== 0 || payloadAt < envelopeBytes || payloadAt > buffer.length) {
    reader.refuse('bad-length')
  }
  const publishedAt = reader.f64()
  if (!Number.isFinite(publishedAt)) reader.refuse('bad-number')
  const body = new ByteReader(buffer, reader.at, Math.max(reader.at, payloadAt))
  const table = readTable(body)
  const first = body.varint(1)
  const count = body.varint(1)
  const parcel = body.varint(1)
  const manifest = readSequences(body, wireLimits.maxManifestTables)
  const commits = readCommits(body, table, count, manifest)
  const payload = buffer.subarray(payloadAt)
  const flags = buffer[flagsAt] as number
  const isUnpublished = (flags & frameFlags.unpublished) !== 0
  const unpublished = isUnpublished ? readReason(reader, payload) : undefined
  const reset = unpublished === resetWord && count === 1 ? readReset(body) : undefined
  if (body.problem !== null) reader.refuse(body.problem)
  if (reader.problem === null) checkNumbers(reader, { table, first, count, manifest })
  if (reader.problem === null && !isUnpublished) checkRows(reader, count, payload)
  const batch: BatchMessage = {
    kind: 'batch',
    publisher,
    table,
    first,
    count,
    parcel,
    manifest,
    commits,
    publishedAt,
    payload,
    frame: buffer,
  }
  if (flags === 0) return batch
  const isForeign = (flags & frameFlags.foreign) !== 0
  return {
    ...batch,
    ...(isForeign && { foreign: true }),
    ...(unpublished !== undefined && { unpublished }),
    ...(reset && { reset }),
  }
}

const flagsAt = 5
const reasonWord = /^[a-z][a-z-]*$/
const maxReasonBytes = 64

/** The payload of a batch without rows: why, one word. */
function readReason(reader: ByteReader, payload: Buffer): string {
  const reason = payload.length > maxReasonBytes ? '' : payload.latin1Slice()
  if (!reasonWord.test(reason)) reader.refuse('bad-text')
  return reason
}

function checkNumbers(
  reader: ByteReader,
  batch: {
    table: string
    first: number
    count: number
    manifest: readonly TableSequence[]
  },
): void {
  const last = batch.first + batch.count - 1
  const own = batch.manifest.find(({ table }) => table === batch.table)
  if (!Number.isSafeInteger(last)) reader.refuse('bad-number')
  if (own === undefined || own.last < last) reader.refuse('bad-count')
}

function checkRows(reader: ByteReader, count: number, payload: Buffer): void {
  if (payloadUpdates(payload) !== count) reader.refuse('bad-count')
  if (count * leastUpdateBytes > payload.length) reader.refuse('bad-count')
}
