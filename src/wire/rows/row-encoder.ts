import { textOf } from './field-value.ts'
import { exceptionSlot, widePattern } from './payload.ts'
import { isText, states } from './row-layout.ts'
import type { Column } from './row-layout.ts'
import type { RowTarget } from './row-target.ts'

/** A text this short is looked through faster than the pattern is called. */
const shortCharacters = 24

export function isWide(text: string): boolean {
  if (text.length > shortCharacters) return widePattern.test(text)
  for (let n = 0; n < text.length; n++) if (text.charCodeAt(n) > 0xff) return true
  return false
}

/**
 * Writes one row of values, given in the order of the shape, each of a type its field takes: what
 * the generated encoders do for the records they were made for, for any record.
 */
export function encodeRow(segment: RowTarget, values: readonly unknown[]): void {
  const { layout } = segment.plan
  const { u32, bytes } = segment.scratch
  const at = segment.rows * layout.stride
  const heapOffset = segment.heap.length
  let { heap } = segment
  bytes.fill(0, at, at + layout.stride)
  for (const column of layout.columns) {
    const value = values[column.index]
    const text = isText(column.type) ? rowText(column, value) : undefined
    if (text !== undefined && !isException(segment, column, text)) {
      segment.scratch.u16[slotOf(segment, column)] = text.length
      heap += text
    } else if (text !== undefined) {
      segment.scratch.u16[slotOf(segment, column)] = exceptionSlot
      segment.except(column.index, text)
    }
    const word = (at >> 2) + column.word
    const state = text === undefined ? encodeFixed(segment, column, value) : states.value
    u32[word] = (u32[word] as number) | (state << column.shift)
  }
  u32[(at + layout.heapOffsetAt) >> 2] = heapOffset
  segment.heap = heap
  segment.rows++
}

function rowText(column: Column, value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined
  return column.type === 'record' ? (value as string) : textOf(column.type, column.name, value)
}

function isException(segment: RowTarget, column: Column, text: string): boolean {
  if (text.length >= exceptionSlot) return true
  return segment.plan.testsWide[column.index] === true && isWide(text)
}

const slotOf = (segment: RowTarget, column: Column) =>
  ((segment.rows * segment.plan.layout.stride + segment.plan.layout.slotsAt) >> 1) + column.slot

/** Writes a value that is no text and gives its state bits. */
function encodeFixed(segment: RowTarget, column: Column, value: unknown): number {
  const { layout, dictionaryOf } = segment.plan
  const cell = ((segment.rows * layout.stride + layout.cellsAt) >> 3) + column.cell
  if (value === null) return states.isNull
  if (value === undefined || isText(column.type)) return states.absent
  switch (column.type) {
    case 'float64':
      segment.scratch.f64[cell] = value as number
      return states.value
    case 'date':
      segment.scratch.f64[cell] = (value as Date).getTime()
      return states.value
    case 'int64':
      segment.scratch.i64[cell] = value as bigint
      return states.value
    case 'boolean':
      return value === true ? states.isTrue : states.value
    default: {
      const dictionary = segment.dictionaries[dictionaryOf[column.index] as number]
      const index = dictionary?.indexOf(value as string) ?? -1
      if (index < 0) throw new DictionaryFull(column.index)
      segment.scratch.u16[slotOf(segment, column)] = index
      return states.value
    }
  }
}

/** Thrown by `encodeRow()` when the dictionary of a field takes no more: go on without it. */
export class DictionaryFull extends Error {
  readonly field: number

  constructor(field: number) {
    super('the dictionary of a field is full')
    this.field = field
  }
}
