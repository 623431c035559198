import { TidingsError } from '../../base/tidings-error.ts'
import type { TableSequence } from '../../model/message.ts'
import { encodeTableName, maxTableNameBytes } from '../../model/topic.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import { wireLimits } from '../limits.ts'

/** A table name: UTF-8 of 1 to 255 bytes, of at most 255 bytes percent-encoded too. */
export function writeTable(out: ByteWriter, table: string): void {
  if (table === '' || encodeTableName(table).length > maxTableNameBytes) {
    throw new TidingsError(
      'LIMIT_EXCEEDED',
      `the table name '${table}' must have 1 to ${maxTableNameBytes} bytes as a topic`,
    )
  }
  out.text(table)
}

export function readTable(reader: ByteReader): string {
  const table = reader.text(1, maxTableNameBytes)
  if (reader.problem === null && encodeTableName(table).length > maxTableNameBytes) {
    reader.refuse('bad-text')
  }
  return table
}

const leastTableBytes = 2
const leastSequenceBytes = 3

export function writeTables(out: ByteWriter, tables: readonly string[]): void {
  out.varint(tables.length)
  for (const table of tables) writeTable(out, table)
}

/** Each once: what is done for a name is done once for a request. */
export function readTables(reader: ByteReader): string[] {
  const tables = new Set<string>()
  const most = wireLimits.maxRequestTables
  for (
    let left = reader.count(leastTableBytes, 0, most);
    left > 0 && reader.problem === null;
    left--
  ) {
    const table = readTable(reader)
    if (tables.has(table)) reader.refuse('repeated-table')
    tables.add(table)
  }
  return [...tables]
}

export function writeSequences(out: ByteWriter, streams: readonly TableSequence[]): void {
  out.varint(streams.length)
  for (const { table, last } of streams) {
    writeTable(out, table)
    out.varint(last)
  }
}

export function readSequences(reader: ByteReader, most?: number): TableSequence[] {
  const streams: TableSequence[] = []
  for (
    let left = reader.count(leastSequenceBytes, 0, most);
    left > 0 && reader.problem === null;
    left--
  ) {
    streams.push({ table: readTable(reader), last: reader.varint() })
  }
  return streams
}
