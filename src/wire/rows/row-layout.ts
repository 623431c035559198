import { padded } from './payload.ts'
import type { Field, FieldType, Shape } from './shape.ts'

/** What two state bits say. For a boolean, `value` is false. Any other field never has `isTrue`. */
export const states = { value: 0, isTrue: 1, isNull: 2, absent: 3 } as const

/** Fields whose states share one u32. */
const statesPerWord = 16

/** A field and where its parts stand in the fixed part of a row. */
export interface Column extends Field {
  readonly index: number
  /** Which u32 of states, and the first of its two bits there. */
  readonly word: number
  readonly shift: number
  /** Which u16: the length of a text or the index in a dictionary; −1: none. */
  readonly slot: number
  /** Which 8-byte cell; −1: none. */
  readonly cell: number
  /** Which of the dictionaries; −1: none. */
  readonly dictionary: number
}

/**
 * The fixed part of a row: states · heap offset of the row's first text (u32) · slots (u16 each),
 * padded to 8 · cells (8 bytes each).
 */
export interface RowLayout {
  readonly columns: readonly Column[]
  readonly words: number
  readonly slots: number
  readonly cells: number
  /** In bytes from the begin of a row. */
  readonly heapOffsetAt: number
  readonly slotsAt: number
  readonly cellsAt: number
  readonly stride: number
  /** For each word, the low bits of the fields for which `isTrue` is malformed. */
  readonly neverTrue: readonly number[]
  /** For each word, the high bits of the fields that have no values: null or absent, always. */
  readonly alwaysNull: readonly number[]
}

const cellTypes: ReadonlySet<FieldType> = new Set<FieldType>(['float64', 'int64', 'date'])
const textTypes: ReadonlySet<FieldType> = new Set<FieldType>([
  'string',
  'bytes',
  'json',
  'mixed',
  'record',
])

/** Values of these types stand in the heap or among the exceptions. */
export const isText = (type: FieldType) => textTypes.has(type)

export function layoutOf(shape: Shape): RowLayout {
  let slots = 0
  let cells = 0
  let dictionaries = 0
  const columns = shape.map((field, index): Column => {
    const hasSlot = isText(field.type) || field.type === 'dictionary'
    return {
      ...field,
      index,
      word: Math.floor(index / statesPerWord),
      shift: (index % statesPerWord) * 2,
      slot: hasSlot ? slots++ : -1,
      cell: cellTypes.has(field.type) ? cells++ : -1,
      dictionary: field.type === 'dictionary' ? dictionaries++ : -1,
    }
  })
  const words = Math.ceil(shape.length / statesPerWord)
  const slotsAt = words * 4 + 4
  const cellsAt = padded(slotsAt + slots * 2)
  const mask = (bit: number, applies: (type: FieldType) => boolean) =>
    Array.from({ length: words }, (_, n) =>
      columns
        .filter(({ type, word }) => word === n && applies(type))
        .reduce((bits, { shift }) => bits | (bit << shift), 0),
    )
  return {
    columns,
    words,
    slots,
    cells,
    heapOffsetAt: words * 4,
    slotsAt,
    cellsAt,
    stride: cellsAt + cells * 8,
    neverTrue: mask(states.isTrue, (type) => type !== 'boolean'),
    alwaysNull: mask(states.isNull, (type) => type === 'null'),
  }
}
