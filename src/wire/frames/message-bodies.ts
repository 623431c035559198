import type {
  HeartbeatMessage,
  LeavingMessage,
  MarkMessage,
  RefusalMessage,
  StreamState,
  VectorMessage,
} from '../../model/message.ts'
import { assertNever } from '../../base/assertion.ts'
import { maxTableNameBytes } from '../../model/topic.ts'
import type { PublisherIdentity } from '../../model/publisher-identity.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import { readSequences, readTable, writeSequences, writeTable } from './table-sequences.ts'

/** The bodies of all messages but batch and replay: each writer with its inverse below it. */
type PlainMessage = RefusalMessage | MarkMessage | VectorMessage | HeartbeatMessage | LeavingMessage

export function writeBody(out: ByteWriter, message: PlainMessage): void {
  switch (message.kind) {
    case 'refusal':
      out.varint(message.nonce)
      writeTable(out, message.table)
      out.varint(message.firstRetained)
      return
    case 'mark':
      return writeMark(out, message)
    case 'vector':
      return writeVector(out, message)
    case 'heartbeat':
      out.u8(message.confirm ? 1 : 0)
      writeSequences(out, message.streams)
      return
    case 'leaving':
      writeSequences(out, message.streams)
  }
}

export function readBody(
  kind: PlainMessage['kind'],
  reader: ByteReader,
  publisher: PublisherIdentity,
): PlainMessage {
  switch (kind) {
    case 'refusal': {
      const nonce = reader.varint()
      const table = readTable(reader)
      return { kind, publisher, nonce, table, firstRetained: reader.varint(1) }
    }
    case 'mark':
      return readMark(reader, publisher)
    case 'vector':
      return readVector(reader, publisher)
    case 'heartbeat': {
      const confirm = readBit(reader)
      return { kind, publisher, streams: readSequences(reader), confirm }
    }
    case 'leaving':
      return { kind, publisher, streams: readSequences(reader) }
    default:
      return assertNever(kind)
  }
}

const leastAnswerBytes = 17

/** Table (length 0: `table/`, all tables) · last · number of answers · (subscriber id, nonce) each. */
function writeMark(out: ByteWriter, mark: MarkMessage): void {
  if (mark.table === null) out.varint(0)
  else writeTable(out, mark.table)
  out.varint(mark.last)
  out.varint(mark.answers.length)
  for (const { subscriber, nonce } of mark.answers) {
    out.id(subscriber)
    out.varint(nonce)
  }
}

function readMark(reader: ByteReader, publisher: PublisherIdentity): MarkMessage {
  const table = reader.text(0, maxTableNameBytes)
  const last = reader.varint()
  const answers: { subscriber: string; nonce: number }[] = []
  for (let left = reader.count(leastAnswerBytes); left > 0 && reader.problem === null; left--) {
    answers.push({ subscriber: reader.id(), nonce: reader.varint() })
  }
  return { kind: 'mark', publisher, table: table === '' ? null : table, answers, last }
}

const leastStateBytes = 13

/** Nonce · all (u8) · number of streams · (table, last, first, since, age in ms as f64, NaN: none) each. */
function writeVector(out: ByteWriter, vector: VectorMessage): void {
  out.varint(vector.nonce)
  out.u8(vector.all ? 1 : 0)
  out.varint(vector.streams.length)
  for (const { table, last, first, since, ageMs } of vector.streams) {
    writeTable(out, table)
    out.varint(last)
    out.varint(first)
    out.varint(since)
    out.f64(ageMs ?? Number.NaN)
  }
}

function readVector(reader: ByteReader, publisher: PublisherIdentity): VectorMessage {
  const nonce = reader.varint()
  const all = readBit(reader)
  const streams: StreamState[] = []
  for (let left = reader.count(leastStateBytes); left > 0 && reader.problem === null; left--) {
    const table = readTable(reader)
    const last = reader.varint()
    const first = reader.varint(1)
    const since = reader.varint(1)
    const ageMs = reader.f64()
    if (first > last + 1 || since < first - 1 || since > last + 1) reader.refuse('bad-number')
    if (!Number.isNaN(ageMs) && !(ageMs >= 0 && ageMs < Infinity)) reader.refuse('bad-number')
    streams.push({ table, last, first, since, ageMs: Number.isNaN(ageMs) ? null : ageMs })
  }
  return { kind: 'vector', publisher, nonce, all, streams }
}

function readBit(reader: ByteReader): boolean {
  const bit = reader.u8()
  if (bit > 1) reader.refuse('bad-number')
  return bit === 1
}
