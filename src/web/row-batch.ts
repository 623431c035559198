import type { KeyFields } from '../queue/table-fields.ts'
import type { LiveState } from '../live/live-condition.ts'
import { toJson } from '../lines/json-output.ts'
import { streamFrame } from '../streams/stream-frame.ts'
import type { ShownRows } from './shown-rows.ts'

interface RowBatchOptions {
  /** The last event that it shows. */
  readonly number: number
  readonly state: LiveState
  readonly key: KeyFields
  /** These are all the rows that there are; else those that have changed. */
  readonly isWhole: boolean
  readonly records: readonly object[]
  /** Keys of rows that are not there any more. */
  readonly gone: readonly unknown[]
  readonly rows: ShownRows
  readonly partBytes: number
}

/**
 * Rows for who begins or is behind, as they are at one event: frames that are written down when the first reader takes them, each once
 * for all readers. A reader makes them its own when all have come.
 */
export class RowBatch {
  readonly number: number
  readonly state: LiveState
  readonly #options: RowBatchOptions
  readonly #frames: Buffer[]
  #goneWritten = 0
  #rowsWritten = 0

  constructor(options: RowBatchOptions) {
    const { number, state, isWhole, key } = options
    this.number = number
    this.state = state
    this.#options = options
    const data = JSON.stringify({ whole: isWhole, key })
    this.#frames = [streamFrame('sse', null, { name: 'begin', data })]
  }

  /** null: there are no more. Throws what `map` throws. */
  frame(place: number): Buffer | null {
    if (place === this.#frames.length && !this.#isWritten) this.#frames.push(this.#writePart())
    return this.#frames[place] ?? null
  }

  get #isWritten(): boolean {
    const { records, gone } = this.#options
    return this.#goneWritten === gone.length && this.#rowsWritten === records.length
  }

  #writePart(): Buffer {
    const { records, gone, rows, partBytes } = this.#options
    const [goneTexts, rowTexts]: [string[], string[]] = [[], []]
    let left = partBytes
    for (; left > 0 && this.#goneWritten < gone.length; this.#goneWritten++) {
      const text = toJson(gone[this.#goneWritten])
      goneTexts.push(text)
      left -= text.length
    }
    for (; left > 0 && this.#rowsWritten < records.length; this.#rowsWritten++) {
      const text = toJson(rows.shown(records[this.#rowsWritten] as object))
      rowTexts.push(text)
      left -= text.length
    }
    const data = `{"rows":[${rowTexts.join()}],"gone":[${goneTexts.join()}]}`
    return streamFrame('sse', null, { name: 'rows', data })
  }
}
