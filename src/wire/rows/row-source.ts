import { ByteReader } from '../bytes/byte-reader.ts'
import { unreadable } from './json-text.ts'
import { exceptionHeaderBytes, textEncodings } from './payload.ts'
import type { ExceptionText, PayloadHeader, PayloadSections } from './payload.ts'
import type { RowLayout } from './row-layout.ts'

const initialBytes = 64 * 1024
/** Memory kept from payload to payload; what a larger one needed is given back after it. */
const maxKeptBytes = 1024 * 1024

/** Bytes that a loop copies faster than an array of its own for the part to copy is made. */
const loopBytes = 64

/** Aligned memory under the views of all widths. */
class Memory {
  readonly f64: Float64Array
  readonly i64: BigInt64Array
  readonly u32: Uint32Array
  readonly u16: Uint16Array
  readonly buffer: Buffer

  constructor(bytes: number) {
    const memory = new ArrayBuffer(bytes)
    this.f64 = new Float64Array(memory)
    this.i64 = new BigInt64Array(memory)
    this.u32 = new Uint32Array(memory)
    this.u16 = new Uint16Array(memory)
    this.buffer = Buffer.from(memory)
  }
}

/**
 * The rows of one payload, copied to memory that is used for one payload after the other: aligned,
 * and the same arrays each time for the generated decoders.
 */
export class RowSource {
  memory = new Memory(initialBytes)
  /** The texts in line, one character a byte. */
  heap = ''
  heapAt = 0
  rowsAt = 0
  dictionaries: readonly (readonly string[])[] = []
  /** Where in the heap the next text begins: decoders leave it behind the last row they read. */
  position = 0
  /** Set where the rows are malformed; what was read is worth nothing then. */
  failed = false
  private exceptions: readonly ExceptionText[] = []
  private nextException = 0
  private askedException = 0

  /** Takes a payload whose sections fit it exactly. */
  load(payload: Buffer, header: PayloadHeader, sections: PayloadSections, layout: RowLayout): void {
    if (this.memory.buffer.length < payload.length) {
      this.memory = new Memory(2 ** Math.ceil(Math.log2(payload.length)))
    }
    const { buffer } = this.memory
    buffer.set(payload)
    this.rowsAt = sections.rows
    this.heapAt = sections.heap
    this.heap = buffer.latin1Slice(sections.heap, sections.exceptions)
    this.position = 0
    this.nextException = 0
    this.askedException = 0
    const dictionaries = readDictionaries(buffer, header, sections, layout)
    const exceptions = readExceptions(buffer, header, sections)
    this.dictionaries = dictionaries ?? []
    this.exceptions = exceptions ?? []
    this.failed = dictionaries === null || exceptions === null
  }

  /** Sets out to read from a row on. */
  seek(row: number, layout: RowLayout): void {
    const at = this.rowsAt + row * layout.stride + layout.heapOffsetAt
    this.position = this.memory.u32[at >> 2] as number
    if (row === 0 && this.position !== 0) this.failed = true
    const next = this.exceptions.findIndex((exception) => exception.row >= row)
    this.nextException = next < 0 ? this.exceptions.length : next
  }

  /** Goes on with a later row, where those between are not read. Rows that overlap are malformed. */
  skipTo(row: number, layout: RowLayout): void {
    const at = this.rowsAt + row * layout.stride + layout.heapOffsetAt
    const position = this.memory.u32[at >> 2] as number
    if (position < this.position || position > this.heap.length) this.failed = true
    this.position = position
    while ((this.exceptions[this.nextException]?.row ?? row) < row) this.nextException++
  }

  /** Lets the payload go of which some rows were read. True: those were well-formed. */
  finishSome(): boolean {
    if (this.position > this.heap.length) this.failed = true
    this.position = this.heap.length
    this.nextException = this.exceptions.length
    return this.finish()
  }

  /** Lets the payload go. True: everything was well-formed, and nothing is left over. */
  finish(): boolean {
    const whole =
      this.position === this.heap.length && this.nextException === this.exceptions.length
    this.heap = ''
    this.dictionaries = []
    this.exceptions = []
    if (this.memory.buffer.length > maxKeptBytes) this.memory = new Memory(initialBytes)
    return whole && !this.failed
  }

  fail(): null {
    this.failed = true
    return null
  }

  /** A text as a string of its own: a part of the heap string would keep all of the heap alive. */
  detached(from: number, to: number): string | null {
    if (to > this.heap.length) return this.fail()
    return this.memory.buffer.latin1Slice(this.heapAt + from, this.heapAt + to)
  }

  bytes(from: number, to: number): Uint8Array | null {
    if (to > this.heap.length) return this.fail()
    const bytes = new Uint8Array(to - from)
    const { buffer } = this.memory
    const at = this.heapAt + from
    if (bytes.length > loopBytes) bytes.set(buffer.subarray(at, this.heapAt + to))
    else for (let n = 0; n < bytes.length; n++) bytes[n] = buffer[at + n] as number
    return bytes
  }

  /** The text out of line of a field in a row. */
  exception(row: number, field: number): string | null {
    const exception = this.exceptions[this.nextException]
    if (exception?.row !== row || exception.field !== field) return this.fail()
    this.nextException++
    return exception.text
  }

  /** The same without taking it; rows are asked about in their order. */
  exceptionOf(row: number, field: number): string | null {
    while ((this.exceptions[this.askedException]?.row ?? row) < row) this.askedException++
    for (let n = this.askedException; ; n++) {
      const exception = this.exceptions[n]
      if (exception === undefined || exception.row > row) return this.fail()
      if (exception.row === row && exception.field === field) return exception.text
    }
  }

  /** The value of a text by the reader of its type. */
  parsed(text: string | null, read: (text: string) => unknown): unknown {
    const value = text === null ? unreadable : read(text)
    return value === unreadable ? this.fail() : value
  }
}

/** For each dictionary field: entries (u16), then encoding (u8), bytes (u32) and text of each. */
function readDictionaries(
  buffer: Buffer,
  header: PayloadHeader,
  sections: PayloadSections,
  layout: RowLayout,
): string[][] | null {
  const end = sections.dictionaries + header.dictionaryBytes
  const reader = new ByteReader(buffer, sections.dictionaries, end)
  const dictionaries: string[][] = []
  for (const { type } of layout.columns) {
    if (type !== 'dictionary') continue
    const entries: string[] = []
    for (let left = reader.u16(); left > 0 && reader.problem === null; left--) {
      entries.push(readText(reader, reader.u8()))
    }
    dictionaries.push(entries)
  }
  return reader.problem === null && reader.at === end ? dictionaries : null
}

/** Row (u32) · field (u16) · encoding (u8) · 0 (u8) · bytes (u32) · text; by row, then field. */
function readExceptions(
  buffer: Buffer,
  header: PayloadHeader,
  sections: PayloadSections,
): ExceptionText[] | null {
  if (header.exceptions * exceptionHeaderBytes > header.exceptionBytes) return null
  const reader = new ByteReader(buffer, sections.exceptions, sections.end)
  const exceptions: ExceptionText[] = []
  for (let left = header.exceptions; left > 0 && reader.problem === null; left--) {
    const row = reader.u32()
    const field = reader.u16()
    const encoding = reader.u8()
    if (reader.u8() !== 0) return null
    exceptions.push({ row, field, text: readText(reader, encoding) })
  }
  return reader.problem === null && reader.at === sections.end ? exceptions : null
}

function readText(reader: ByteReader, encoding: number): string {
  const bytes = reader.u32()
  const from = reader.at
  const isKnown = encoding === textEncodings.latin1 || encoding === textEncodings.utf16le
  if (bytes > reader.end - from || !isKnown) reader.refuse('bad-length')
  if (encoding === textEncodings.utf16le && bytes % 2 !== 0) reader.refuse('bad-length')
  if (reader.problem !== null) return ''
  reader.at += bytes
  return encoding === textEncodings.utf16le
    ? reader.buffer.ucs2Slice(from, reader.at)
    : reader.buffer.latin1Slice(from, reader.at)
}
