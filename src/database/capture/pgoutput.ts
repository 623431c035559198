import { malformed, MessageReader } from './message-reader.ts'

/** A column of a table as the stream has it. */
export interface StreamColumn {
  readonly name: string
  /** Of the type; of a domain its own, not that of what it is made of. */
  readonly typeOid: number
  /** It is a part of what identifies a row: with the identity FULL each column is. */
  readonly isKey: boolean
}

/** What the stream says of a table before its first change, and again behind each change of the table itself. */
export interface Relation {
  readonly type: 'relation'
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** `d`: by the primary key; `i`: by an index; `f`: by the whole row; `n`: by nothing. */
  readonly identity: string
  readonly columns: readonly StreamColumn[]
}

/** A value as text; null; or not sent, since it is large (TOASTed) and the statement did not change it. */
export type StreamValue = string | null | undefined

/** The values of a row, one for each column. */
export type Tuple = readonly StreamValue[]

export type OutputMessage =
  | { readonly type: 'begin'; readonly commitPosition: bigint; readonly transaction: number }
  | { readonly type: 'commit'; readonly commitPosition: bigint; readonly endPosition: bigint }
  | Relation
  | { readonly type: 'insert'; readonly oid: number; readonly row: Tuple }
  /** `old`: the whole row before; `oldKey`: a row of which only the key is there, and only where that changed. */
  | {
      readonly type: 'update'
      readonly oid: number
      readonly old?: Tuple
      readonly oldKey?: Tuple
      readonly row: Tuple
    }
  | {
      readonly type: 'delete'
      readonly oid: number
      readonly old?: Tuple
      readonly oldKey?: Tuple
    }
  | { readonly type: 'truncate'; readonly oids: readonly number[] }
  /** What tells us nothing: origins, names of types, messages of others. */
  | { readonly type: 'other' }

/**
 * Reads one message of the plugin pgoutput, version 1: "Logical Replication Message Formats" in the manual of
 * PostgreSQL. Throws DATABASE_FAILED where it is none.
 */
export function readOutput(bytes: Buffer): OutputMessage {
  const letter = String.fromCharCode(bytes[0] ?? 0)
  const read = readers[letter]
  if (!read) throw malformed(`a message ${JSON.stringify(letter)} of pgoutput`)
  const reader = new MessageReader(bytes, `the message ${letter} of pgoutput`)
  reader.byte()
  const message = read(reader)
  if (message.type !== 'other') reader.end()
  return message
}

const other = (): OutputMessage => ({ type: 'other' })

const readers: Readonly<Record<string, (reader: MessageReader) => OutputMessage>> = {
  B: (reader) => {
    const commitPosition = reader.position()
    // When it committed.
    reader.position()
    return { type: 'begin', commitPosition, transaction: reader.uint32() }
  },
  C: (reader) => {
    // Flags, of which there are none.
    reader.byte()
    const commitPosition = reader.position()
    const endPosition = reader.position()
    reader.position()
    return { type: 'commit', commitPosition, endPosition }
  },
  R: readRelation,
  I: (reader) => {
    const oid = reader.uint32()
    expectLetter(reader, 'N')
    return { type: 'insert', oid, row: readTuple(reader) }
  },
  U: (reader) => {
    const oid = reader.uint32()
    let before = {}
    let letter = reader.letter()
    if (letter !== 'N') {
      before = readBefore(reader, letter)
      letter = reader.letter()
    }
    if (letter !== 'N') throw malformed(`a row ${JSON.stringify(letter)} in place of the new one`)
    return { type: 'update', oid, ...before, row: readTuple(reader) }
  },
  D: (reader) => {
    const oid = reader.uint32()
    return { type: 'delete', oid, ...readBefore(reader, reader.letter()) }
  },
  T: (reader) => {
    const count = reader.int32()
    // Whether it cascades, and whether it restarts sequences.
    reader.byte()
    return { type: 'truncate', oids: Array.from({ length: count }, () => reader.uint32()) }
  },
  O: other,
  Y: other,
  M: other,
}

function readRelation(reader: MessageReader): Relation {
  const oid = reader.uint32()
  // Of the schema of the system catalog there is none.
  const schema = reader.text() || 'pg_catalog'
  const name = reader.text()
  const identity = reader.letter()
  const columns = Array.from({ length: reader.int16() }, () => {
    const flags = reader.byte()
    const column = { name: reader.text(), typeOid: reader.uint32(), isKey: (flags & 1) === 1 }
    // What is in the brackets behind the type.
    reader.int32()
    return column
  })
  return { type: 'relation', oid, schema, name, identity, columns }
}

function readBefore(reader: MessageReader, letter: string): { old?: Tuple; oldKey?: Tuple } {
  if (letter === 'O') return { old: readTuple(reader) }
  if (letter === 'K') return { oldKey: readTuple(reader) }
  throw malformed(`a row ${JSON.stringify(letter)} in place of the old one`)
}

function readTuple(reader: MessageReader): Tuple {
  return Array.from({ length: reader.int16() }, () => {
    const letter = reader.letter()
    if (letter === 't') return reader.value()
    if (letter === 'n') return null
    if (letter === 'u') return undefined
    throw malformed(`a value ${JSON.stringify(letter)}`)
  })
}

function expectLetter(reader: MessageReader, wanted: string): void {
  const letter = reader.letter()
  if (letter !== wanted) throw malformed(`a row ${JSON.stringify(letter)}, not ${wanted}`)
}
