import { TidingsError } from '../../base/tidings-error.ts'
import type {
  ConfirmRequest,
  ReplayRequest,
  Request,
  SyncRequest,
  Tables,
} from '../../model/request.ts'
import { asBuffer, ByteReader } from '../bytes/byte-reader.ts'
import { ByteWriter } from '../bytes/byte-writer.ts'
import {
  beginEnvelope,
  envelopeBytes,
  envelopeProblem,
  requestKinds,
  sealEnvelope,
} from './envelope.ts'
import { wireLimits } from '../limits.ts'
import { refused } from '../refused.ts'
import type { Refused } from '../refused.ts'
import {
  readSequences,
  readTable,
  readTables,
  writeSequences,
  writeTable,
  writeTables,
} from './table-sequences.ts'

const out = new ByteWriter()

/** One frame. Throws LIMIT_EXCEEDED where a table name or the request (1 MiB) is too large. */
export function encodeRequest(request: Request): Uint8Array {
  beginEnvelope(out, 'up', requestKinds[request.kind], request.subscriber)
  switch (request.kind) {
    case 'sync':
      writeSync(request)
      break
    case 'replay':
      out.varint(request.nonce)
      out.id(request.incarnation)
      writeTable(out, request.table)
      out.varint(request.from)
      out.varint(request.to)
      break
    case 'confirm':
      out.id(request.incarnation)
      writeSequences(out, request.streams)
  }
  if (out.length > wireLimits.maxRequestBytes) {
    throw new TidingsError(
      'LIMIT_EXCEEDED',
      `a request would have ${out.length} bytes, at most ${wireLimits.maxRequestBytes} are possible`,
    )
  }
  const frame = out.copy()
  sealEnvelope(frame)
  return frame
}

/** Any frame to a request or to a named reason to refuse it, never an exception. */
export function decodeRequest(frame: Uint8Array): Request | Refused {
  const buffer = asBuffer(frame)
  const problem = envelopeProblem(buffer, 'up', wireLimits.maxRequestBytes)
  if (problem !== null) return refused(problem)
  const subscriber = buffer.hexSlice(envelopeBytes - 16, envelopeBytes)
  const reader = new ByteReader(buffer, envelopeBytes)
  const request = readRequest(buffer[4] as number, reader, subscriber)
  if (request === null) return refused('unknown-kind')
  return reader.problem === null ? request : refused(reader.problem)
}

function readRequest(kind: number, reader: ByteReader, subscriber: string): Request | null {
  switch (kind) {
    case requestKinds.sync:
      return readSync(reader, subscriber)
    case requestKinds.replay:
      return readReplay(reader, subscriber)
    case requestKinds.confirm:
      return readConfirm(reader, subscriber)
    default:
      return null
  }
}

/** A list, or all: u8 0 and the list, or u8 1. */
const listed = 0
const everything = 1

/** Nonce · milliseconds back · tables · tables that want a mark · incarnations; each of the three a list or all. */
function writeSync({ nonce, sinceMs, tables, marks, incarnations }: SyncRequest): void {
  out.varint(nonce)
  out.varint(sinceMs)
  for (const names of [tables, marks]) {
    out.u8(names === '*' ? everything : listed)
    if (names !== '*') writeTables(out, names)
  }
  out.u8(incarnations === null ? everything : listed)
  if (incarnations === null) return
  out.varint(incarnations.length)
  for (const incarnation of incarnations) out.id(incarnation)
}

const incarnationBytes = 16

function readSync(reader: ByteReader, subscriber: string): SyncRequest {
  const nonce = reader.varint(1)
  const sinceMs = reader.varint()
  const tables: Tables = isAll(reader) ? '*' : readTables(reader)
  const marks: Tables = isAll(reader) ? '*' : readTables(reader)
  const asked = { kind: 'sync', subscriber, nonce, sinceMs, tables, marks } as const
  if (isAll(reader)) return { ...asked, incarnations: null }
  const incarnations: string[] = []
  for (let left = reader.count(incarnationBytes); left > 0 && reader.problem === null; left--) {
    incarnations.push(reader.id())
  }
  return { ...asked, incarnations }
}

function isAll(reader: ByteReader): boolean {
  const which = reader.u8()
  if (which > everything) reader.refuse('bad-number')
  return which === everything
}

/** Nonce · incarnation · table · from · to. */
function readReplay(reader: ByteReader, subscriber: string): ReplayRequest {
  const nonce = reader.varint(1)
  const incarnation = reader.id()
  const table = readTable(reader)
  const from = reader.varint(1)
  const to = reader.varint(from)
  return { kind: 'replay', subscriber, nonce, incarnation, table, from, to }
}

/** Incarnation · sequences. */
function readConfirm(reader: ByteReader, subscriber: string): ConfirmRequest {
  const incarnation = reader.id()
  return { kind: 'confirm', subscriber, incarnation, streams: readSequences(reader) }
}
