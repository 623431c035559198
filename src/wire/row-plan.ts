import { canGenerateCode } from './code-generation.ts'
import { generateEncoder } from './row-encoder-code.ts'
import type { RowEncoder } from './row-encoder-code.ts'
import { layoutOf } from './row-layout.ts'
import type { RowLayout } from './row-layout.ts'
import { encodeShape } from './shape.ts'
import type { Shape } from './shape.ts'

/** Rows of one shape after which an encoder is generated: making one costs about as much. */
const generateAfterRows = 64

/** How a writer writes the rows of one shape. */
export class RowPlan {
  readonly shape: Shape
  readonly shapeBytes: Buffer
  readonly layout: RowLayout
  /** For each field, whether its texts are looked through for characters above U+00FF one by one. */
  readonly testsWide: readonly boolean[]
  /** For each field, the place of its dictionary among the dictionaries; −1: it has none. */
  readonly dictionaryOf: readonly number[]
  private readonly byRecord: boolean
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
  }

  /** The generated encoder once it pays; null before, and where code cannot be generated. */
  encoder(): RowEncoder | null {
    if (this.generated !== null) return this.generated
    if (this.byRecord || !canGenerateCode || this.rowsUntilEncoder-- > 0) return null
    this.generated = generateEncoder(this)
    return this.generated
  }
}
