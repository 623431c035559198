import { ownField } from '../../base/own-field.ts'
import type { FieldTest, RecordTest } from '../../model/where.ts'
import { exceptionSlot } from './payload.ts'
import { textReaders } from './row-decoder.ts'
import { isText, states } from './row-layout.ts'
import type { Column, RowLayout } from './row-layout.ts'
import type { RowSource } from './row-source.ts'

/** Fields that one filter tests: each has a bit of an integer. */
export const maxTestedFields = 30

/** A field whose value, where there is one, stands at a fixed place of the row. */
interface FixedTest {
  readonly column: Column
  readonly bit: number
  readonly holdsNull: boolean
  readonly holds: (source: RowSource, row: number, at: number) => boolean
}

/** A text field up to the last one that is tested: its length has to be known for those behind it. */
interface TextTest {
  readonly column: Column
  readonly bit: number
  readonly holdsNull: boolean
  /** null: it is not tested. `text`: null where it stands in the heap from `from` on. */
  readonly holds:
    ((source: RowSource, text: string | null, from: number, length: number) => boolean) | null
}

/** Tests the rows of one shape where they lie, without making records of them. */
export class RowFilter {
  readonly #layout: RowLayout
  readonly #tests: readonly FieldTest[]
  readonly #all: number
  /** Fields that the shape does not have: how null fares with them. */
  readonly #constant: number
  readonly #lacking: number
  readonly #fixed: FixedTest[] = []
  readonly #texts: TextTest[] = []
  /** For each dictionary that is tested, which of its entries pass; of the payload at hand. */
  readonly #entries = new Map<number, { readonly test: FieldTest; holds: boolean[] }>()
  #matched = 0
  #absent = 0

  constructor(layout: RowLayout, { fields }: RecordTest) {
    this.#layout = layout
    this.#tests = fields
    this.#all = (1 << fields.length) - 1
    const isWhole = layout.columns[0]?.type === 'record'
    const byName = new Map(fields.map((test, n) => [test.field, { test, bit: 1 << n }]))
    let constant = 0
    let lacking = this.#all
    const texts: TextTest[] = []
    for (const column of isWhole ? [] : layout.columns) {
      const known = byName.get(column.name)
      if (known) lacking &= ~known.bit
      const { test, bit } = known ?? { test: null, bit: 0 }
      const holdsNull = test?.holds(null) ?? false
      if (isText(column.type)) {
        texts.push({ column, bit, holdsNull, holds: test && textTest(column, test) })
        if (test) this.#texts.push(...texts.splice(0))
      } else if (test)
        this.#fixed.push({ column, bit, holdsNull, holds: this.#fixedTest(column, test) })
    }
    for (const { test, bit } of byName.values())
      if ((lacking & bit) !== 0 && test.holds(null)) constant |= bit
    this.#constant = constant
    this.#lacking = lacking
  }

  /** Makes ready for the payload that the source holds. */
  load(source: RowSource): void {
    for (const [dictionary, entry] of this.#entries) {
      const texts = source.dictionaries[dictionary] ?? []
      entry.holds = texts.map(entry.test.of('string'))
    }
  }

  /** Whether the row passes that is alone in its update. */
  passes(source: RowSource, row: number): boolean {
    this.#match(source, row, true)
    return this.#matched === this.#all
  }

  /** Whether a record passes or, in the row behind it, the record before. */
  pairPasses(source: RowSource, row: number): boolean {
    this.#match(source, row, false)
    const matched = this.#matched
    if (matched === this.#all) return true
    this.#match(source, row + 1, false)
    return ((this.#matched & ~this.#absent) | (matched & this.#absent)) === this.#all
  }

  /** `isAlone`: only whether all tests hold matters. */
  #match(source: RowSource, row: number, isAlone: boolean): void {
    const layout = this.#layout
    const { u16, u32 } = source.memory
    const at = source.rowsAt + row * layout.stride
    let matched = this.#constant
    let absent = this.#lacking
    if (layout.columns[0]?.type === 'record') {
      this.#matchWhole(source, row, at)
      return
    }
    for (const { column, bit, holdsNull, holds } of this.#fixed) {
      const state = ((u32[(at >> 2) + column.word] as number) >>> column.shift) & 3
      if (state === states.absent) absent |= bit
      if (state >= states.isNull ? holdsNull : holds(source, row, at)) matched |= bit
      else if (isAlone) {
        this.#matched = 0
        return
      }
    }
    let position = u32[(at + layout.heapOffsetAt) >> 2] as number
    for (const { column, bit, holdsNull, holds } of this.#texts) {
      const state = ((u32[(at >> 2) + column.word] as number) >>> column.shift) & 3
      if (state >= states.isNull) {
        if (state === states.absent) absent |= bit
        if (holdsNull) matched |= bit
        continue
      }
      const length = u16[((at + layout.slotsAt) >> 1) + column.slot] as number
      const isException = length === exceptionSlot
      if (holds !== null) {
        const text = isException ? source.exceptionOf(row, column.index) : null
        if (holds(source, text, position, length)) matched |= bit
      }
      if (!isException) position += length
    }
    this.#matched = matched
    this.#absent = absent
  }

  /** A record that travels as one text. */
  #matchWhole(source: RowSource, row: number, at: number): void {
    const length = source.memory.u16[(at + this.#layout.slotsAt) >> 1] as number
    const from = source.memory.u32[(at + this.#layout.heapOffsetAt) >> 2] as number
    const text =
      length === exceptionSlot ? source.exceptionOf(row, 0) : source.detached(from, from + length)
    const record = source.parsed(text, textReaders.record) ?? {}
    this.#matched = 0
    this.#absent = 0
    for (const [n, test] of this.#tests.entries()) {
      const value = ownField(record, test.field)
      if (value === undefined) this.#absent |= 1 << n
      if (test.holds(value)) this.#matched |= 1 << n
    }
  }

  #fixedTest({ type, ...column }: Column, test: FieldTest): FixedTest['holds'] {
    const { cellsAt, slotsAt } = this.#layout
    switch (type) {
      case 'boolean': {
        const [holdsFalse, holdsTrue] = [test.holds(false), test.holds(true)]
        const { word, shift } = column
        return ({ memory }, _row, at) =>
          (((memory.u32[(at >> 2) + word] as number) >>> shift) & 1) === 0 ? holdsFalse : holdsTrue
      }
      case 'float64':
      case 'date': {
        const holds = test.of(type === 'date' ? 'date' : 'number')
        return ({ memory }, _row, at) => holds(memory.f64[((at + cellsAt) >> 3) + column.cell])
      }
      case 'int64': {
        const holds = test.of('bigint')
        return ({ memory }, _row, at) => holds(memory.i64[((at + cellsAt) >> 3) + column.cell])
      }
      case 'dictionary': {
        const entry = { test, holds: [] as boolean[] }
        this.#entries.set(column.dictionary, entry)
        return (source, _row, at) => {
          const slot = source.memory.u16[((at + slotsAt) >> 1) + column.slot] as number
          return entry.holds[slot] ?? (source.fail(), false)
        }
      }
      default:
        // A field of type null has no values: its state never says that there is one.
        return (source) => (source.fail(), false)
    }
  }
}

function textTest({ type }: Column, test: FieldTest): TextTest['holds'] {
  if (type === 'bytes') {
    const holds = test.of('other')(undefined)
    return () => holds
  }
  if (type !== 'string') {
    const read = textReaders[type as 'json' | 'mixed' | 'record']
    return (source, text, from, length) =>
      test.holds(source.parsed(text ?? source.detached(from, from + length), read))
  }
  const holds = test.of('string')
  const { texts } = test
  if (texts === null)
    return (source, text, from, length) => holds(text ?? source.heap.substring(from, from + length))
  return (source, text, from, length) => {
    if (text !== null) return holds(text)
    for (const one of texts)
      if (one.length === length && source.heap.startsWith(one, from)) return true
    return false
  }
}
