import { parseJson } from './json-text.ts'
import { mixedValue, recordValue, textToBytes } from './mixed-text.ts'
import { exceptionSlot } from './payload.ts'
import { isText, states } from './row-layout.ts'
import type { Column, RowLayout } from './row-layout.ts'
import type { RowSource } from './row-source.ts'

/** Appends the records of the rows `from` to `to` − 1 of a source that was sought to `from`. */
export type RowDecoder = (source: RowSource, from: number, to: number, out: object[]) => void

/** A text shorter than this is copied out of the heap string by V8; a longer one would refer to it. */
export const detachedCharacters = 13

/** How the texts of these types become values. */
export const textReaders = {
  bytes: textToBytes,
  json: parseJson,
  mixed: mixedValue,
  record: recordValue,
} as const

/** The fields that become properties of a record; null: all of them. */
export type SelectedFields = ReadonlySet<string> | null

/** Decodes any rows by their layout: what the generated decoders do for the shapes seen often. */
export function interpretingDecoder(layout: RowLayout, fields: SelectedFields): RowDecoder {
  const whole = layout.columns[0]?.type === 'record'
  return (source, from, to, out) => {
    for (let row = from; row < to && !source.failed; row++) {
      checkRow(source, layout, row)
      const record: Record<string, unknown> = {}
      for (const column of layout.columns) {
        if (!whole && fields?.has(column.name) === false) {
          passOver(source, layout, column, row)
          continue
        }
        const value = valueAt(source, layout, column, row)
        if (value !== undefined) define(record, column.name, value)
      }
      if (whole && (record[''] ?? null) === null) source.fail()
      out.push(whole ? selected(record[''] ?? {}, fields) : record)
    }
  }
}

function checkRow(source: RowSource, layout: RowLayout, row: number): void {
  const { u32 } = source.memory
  const at = (source.rowsAt + row * layout.stride) >> 2
  if (u32[at + layout.words] !== source.position) source.failed = true
  for (let n = 0; n < layout.words; n++) {
    const word = u32[at + n] as number
    if ((word & ~(word >>> 1) & (layout.neverTrue[n] as number)) !== 0) source.failed = true
    if ((~word & (layout.alwaysNull[n] as number)) !== 0) source.failed = true
  }
}

/** The record with these fields of it, where it has them. */
export function selected(record: object, fields: SelectedFields): object {
  if (fields === null) return record
  const part: Record<string, unknown> = {}
  for (const name of fields)
    if (Object.hasOwn(record, name)) define(part, name, (record as Record<string, unknown>)[name])
  return part
}

/** Leaves a field out. Texts follow one another in the heap: one that is not read is stepped over. */
function passOver(source: RowSource, layout: RowLayout, column: Column, row: number): void {
  if (!isText(column.type)) return
  const at = source.rowsAt + row * layout.stride
  const { u16, u32 } = source.memory
  const state = ((u32[(at >> 2) + column.word] as number) >>> column.shift) & 3
  if (state === states.isNull || state === states.absent) return
  const length = u16[((at + layout.slotsAt) >> 1) + column.slot] as number
  if (length === exceptionSlot) source.exception(row, column.index)
  else source.position += length
}

function define(record: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') record[name] = value
  else defineOwn(record, name, value)
}

/** Assigning `__proto__` would set the prototype: it becomes a property like any other. */
export function defineOwn(record: object, name: string, value: unknown): void {
  Object.defineProperty(record, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  })
}

/** undefined: the field is absent. */
function valueAt(source: RowSource, layout: RowLayout, column: Column, row: number): unknown {
  const at = source.rowsAt + row * layout.stride
  const { f64, i64, u16, u32 } = source.memory
  const state = ((u32[(at >> 2) + column.word] as number) >>> column.shift) & 3
  if (state === states.isNull) return null
  if (state === states.absent) return undefined
  const cell = ((at + layout.cellsAt) >> 3) + column.cell
  const slot = u16[((at + layout.slotsAt) >> 1) + column.slot] as number
  switch (column.type) {
    case 'null':
      return null
    case 'boolean':
      return state === states.isTrue
    case 'float64':
      return f64[cell]
    case 'int64':
      return i64[cell]
    case 'date':
      return new Date(f64[cell] as number)
    case 'dictionary':
      return source.dictionaries[column.dictionary]?.[slot] ?? source.fail()
    case 'string':
      return textAt(source, column, row, slot)
    case 'bytes':
      if (slot !== exceptionSlot) return source.bytes(source.position, (source.position += slot))
      return source.parsed(source.exception(row, column.index), textToBytes)
    default:
      return source.parsed(textAt(source, column, row, slot), textReaders[column.type])
  }
}

function textAt(source: RowSource, column: Column, row: number, length: number): string | null {
  if (length === exceptionSlot) return source.exception(row, column.index)
  const from = source.position
  source.position += length
  return source.detached(from, source.position)
}
