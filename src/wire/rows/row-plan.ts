import { canGenerateCode } from './code-generation.ts'
import { Dictionary } from './dictionary.ts'
import type { DictionaryTally } from './dictionary.ts'
import { generateEncoder } from './row-encoder-code.ts'
import type { RowEncoder } from './row-encoder-code.ts'
import { layoutOf } from './row-layout.ts'
import type { RowLayout } from './row-layout.ts'
import type { PlannedRow } from './row-target.ts'
import { encodeShape } from './shape.ts'
import type { Shape } from './shape.ts'

/** Rows of one shape after which an encoder is generated: making one costs about as much. */
const generateAfterRows = 64

/** A parcel closed early and the next one: segments of one shape that are typically there at once. */
const maxSpareDictionaries = 2

/** How a writer writes the rows of one shape. */
export class RowPlan implements PlannedRow {
  readonly shape: Shape
  readonly shapeBytes: Buffer
  readonly layout: RowLayout
  readonly testsWide: readonly boolean[]
  readonly dictionaryOf: readonly number[]
  private readonly byRecord: boolean
  private readonly dictionaryCount: number
  /** Dictionaries that no segment uses. */
  private readonly spareDictionaries: (readonly Dictionary[])[] = []
  private rowsUntilEncoder = generateAfterRows
  private generated: RowEncoder | null = null

  constructor(shape: Shape, testsWide: readonly boolean[]) {
    this.shape = shape
    this.shapeBytes = encodeShape(shape)
    this.layout = layoutOf(shape)
    this.testsWide = testsWide
    this.byRecord = shape[0]?.type === 'record'
    let dictionaries = 0
    this.dictionaryOf = shape.map(({ type }) => (type === 'dictionary' ? dictionaries++ : -1))
    this.dictionaryCount = dictionaries
  }

  /** Empty dictionaries for one segment, in the order of their fields. */
  borrowDictionaries(tally: DictionaryTally): readonly Dictionary[] {
    const dictionaries =
      this.spareDictionaries.pop() ??
      Array.from({ length: this.dictionaryCount }, () => new Dictionary())
    for (const dictionary of dictionaries) dictionary.begin(tally)
    return dictionaries
  }

  /** Gives them back: the caller must not touch them any more. */
  returnDictionaries(dictionaries: readonly Dictionary[]): void {
    if (this.spareDictionaries.length >= maxSpareDictionaries) return
    for (const dictionary of dictionaries) dictionary.clear()
    this.spareDictionaries.push(dictionaries)
  }

  /** The generated encoder once it pays; null before, and where code cannot be generated. */
  encoder(): RowEncoder | null {
    if (this.generated !== null) return this.generated
    if (this.byRecord || !canGenerateCode || this.rowsUntilEncoder-- > 0) return null
    this.generated = generateEncoder(this)
    return this.generated
  }
}
