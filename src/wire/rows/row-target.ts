import type { Dictionary } from './dictionary.ts'
import type { RowLayout } from './row-layout.ts'
import type { Scratch } from './scratch.ts'

/** How rows of one shape are written. */
export interface PlannedRow {
  readonly layout: RowLayout
  /** For each field, whether its texts are looked through for characters above U+00FF one by one. */
  readonly testsWide: readonly boolean[]
  /** For each field, the place of its dictionary among the dictionaries; −1: it has none. */
  readonly dictionaryOf: readonly number[]
}

/** Where an encoder writes a row: behind those that are there. */
export interface RowTarget {
  readonly plan: PlannedRow
  readonly scratch: Scratch
  readonly dictionaries: readonly Dictionary[]
  rows: number
  /** The texts of all rows. */
  heap: string
  /** Takes a text out of line, in the row that is being written. */
  except(field: number, text: string): void
}
