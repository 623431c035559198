import type { Dictionary, DictionaryTally } from './dictionary.ts'
import {
  exceptionHeaderBytes,
  exceptionSlot,
  payloadHeaderBytes,
  textBytes,
  widePattern,
} from './payload.ts'
import type { ExceptionText } from './payload.ts'
import type { RowPlan } from './row-plan.ts'
import { isText, states } from './row-layout.ts'
import type { Column } from './row-layout.ts'
import type { RowTarget } from './row-target.ts'
import { borrowScratch, firstScratchBytes, returnScratch } from './scratch.ts'
import type { Scratch } from './scratch.ts'

/** Updates of one shape that become one batch: fixed parts in a scratch, texts in one string. */
export class Segment implements RowTarget {
  readonly plan: RowPlan
  private readonly batchBytes: number
  readonly dictionaries: readonly Dictionary[]
  rows = 0
  updates = 0
  /** All texts so far. A rope: joined by V8 once, when it is written. */
  heap = ''
  versions: bigint[] = []
  exceptions: ExceptionText[] = []
  /** Bytes that the exceptions take when written. */
  exceptionBytes = 0
  private readonly dictionaryTally: DictionaryTally = { bytes: 0 }
  private held: Scratch | null
  /** With so many rows its scratch is full. */
  private fullRows: number

  constructor(plan: RowPlan, batchBytes: number) {
    this.plan = plan
    this.batchBytes = batchBytes
    this.held = borrowScratch(Math.min(firstScratchBytes, batchBytes))
    this.fullRows = Math.ceil(this.scratch.rowBytes / plan.layout.stride)
    this.dictionaries = plan.borrowDictionaries(this.dictionaryTally)
  }

  get scratch(): Scratch {
    return this.held as Scratch
  }

  /** Sees to it that the two rows of an update have room. */
  makeRoom(): void {
    if (this.rows >= this.fullRows) this.grow()
  }

  private grow(): void {
    const { scratch } = this
    const used = this.rows * this.plan.layout.stride
    this.fullRows = Infinity
    if (scratch.rowBytes >= this.batchBytes) return
    const larger = borrowScratch(this.batchBytes)
    larger.bytes.set(scratch.bytes.subarray(0, used))
    larger.flags.set(scratch.flags.subarray(0, this.updates))
    returnScratch(scratch)
    this.held = larger
  }

  /** Close to the bytes of the payload, and exact once `spillWide()` was called. */
  get bytes(): number {
    return (
      payloadHeaderBytes +
      this.plan.shapeBytes.length +
      this.rows * this.plan.layout.stride +
      this.heap.length +
      this.updates +
      this.versions.length * 8 +
      this.exceptionBytes +
      this.dictionaryTally.bytes
    )
  }

  /** Takes a text out of line, in the row that is being written. */
  except(field: number, text: string): void {
    this.exceptions.push({ row: this.rows, field, text })
    this.exceptionBytes += exceptionHeaderBytes + textBytes(text).bytes
  }

  /** Takes back the rows of an update that was not finished: the heap was `heap` before them. */
  unwrite(rows: number, heap: string): void {
    this.rows = rows
    this.heap = heap
    this.dropUnfinished()
  }

  /** Takes back what rows from the present number on put out of line. */
  private dropUnfinished(): void {
    while ((this.exceptions.at(-1)?.row ?? -1) >= this.rows) {
      const { text } = this.exceptions.pop() as ExceptionText
      this.exceptionBytes -= exceptionHeaderBytes + textBytes(text).bytes
    }
  }

  /** Takes back all rows and updates from the given numbers on. */
  truncate(rows: number, updates: number, versions: number): void {
    if (this.rows > rows) {
      const { stride, heapOffsetAt } = this.plan.layout
      const heapEnd = this.scratch.u32[(rows * stride + heapOffsetAt) >> 2] as number
      this.heap = this.heap.slice(0, heapEnd)
      this.rows = rows
    }
    this.updates = updates
    this.versions.length = versions
    this.dropUnfinished()
    this.dropUnusedEntries()
  }

  /**
   * Moves texts with characters above U+00FF out of the heap, so that the heap stays at one byte a
   * character. Gives the fields that have such texts.
   */
  spillWide(): readonly number[] {
    if (!widePattern.test(this.heap)) return []
    const { stride, heapOffsetAt, slotsAt, columns } = this.plan.layout
    const { u16, u32 } = this.scratch
    const texts = columns.filter(({ type }) => isText(type))
    const fields = new Set<number>()
    const last = this.rows
    let narrow = ''
    for (this.rows = 0; this.rows < last; this.rows++) {
      const at = this.rows * stride
      let from = u32[(at + heapOffsetAt) >> 2] as number
      u32[(at + heapOffsetAt) >> 2] = narrow.length
      for (const { index, slot } of texts) {
        const length = u16[((at + slotsAt) >> 1) + slot] as number
        if (length === exceptionSlot) continue
        const text = this.heap.substring(from, from + length)
        from += length
        if (widePattern.test(text)) {
          this.except(index, text)
          u16[((at + slotsAt) >> 1) + slot] = exceptionSlot
          fields.add(index)
        } else narrow += text
      }
    }
    this.heap = narrow
    this.exceptions.sort((a, b) => a.row - b.row || a.field - b.field)
    return [...fields]
  }

  /** Reads the texts of a row in the heap. `columns`: all that are texts; `take` gets a place in them. */
  readTexts(row: number, columns: readonly Column[], take: (place: number, text: string) => void) {
    const { stride, heapOffsetAt, slotsAt } = this.plan.layout
    const { u16, u32 } = this.scratch
    const at = row * stride
    let from = u32[(at + heapOffsetAt) >> 2] as number
    for (const [place, { slot, word, shift }] of columns.entries()) {
      const state = ((u32[(at >> 2) + word] as number) >>> shift) & 3
      const length = u16[((at + slotsAt) >> 1) + slot] as number
      if (state !== states.value || length === exceptionSlot) continue
      take(place, this.heap.substring(from, from + length))
      from += length
    }
  }

  /** Gives back what it borrowed: the segment is written, or given up. */
  release(): void {
    if (this.held === null) return
    returnScratch(this.held)
    this.plan.returnDictionaries(this.dictionaries)
    this.held = null
  }

  /** Takes back the dictionary entries that no row refers to. */
  dropUnusedEntries(): void {
    const { stride, slotsAt, columns } = this.plan.layout
    for (const [n, column] of columns.filter(({ type }) => type === 'dictionary').entries()) {
      let used = 0
      for (let row = 0; row < this.rows; row++) {
        const at = row * stride
        const state = (this.scratch.u32[(at >> 2) + column.word] as number) >>> column.shift
        const index = this.scratch.u16[((at + slotsAt) >> 1) + column.slot] as number
        // Entries are numbered by first use: the highest index in use is the last entry.
        if ((state & 3) === states.value) used = Math.max(used, index + 1)
      }
      this.dictionaries[n]?.truncate(used)
    }
  }
}
