import type { EncodedRows } from '../rows/encoded-rows.ts'

/** In place of rows: why there are none, one word. */
export class UnpublishedRows implements EncodedRows {
  readonly count: number
  readonly byteLength: number
  readonly unpublished: string

  constructor(count: number, reason: string) {
    this.count = count
    this.byteLength = reason.length
    this.unpublished = reason
  }

  writeTo(target: Buffer): void {
    target.latin1Write(this.unpublished)
  }
}
