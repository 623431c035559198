import { wireLimits } from './limits.ts'

/** Bytes by which one update may pass the mark at which a segment is closed: two of the widest rows. */
const overrunBytes = 2 * 8 * (wireLimits.maxFields + 32)

/** Scratches kept for the next segment: as many as tables that are typically busy at once. */
const maxPooled = 8

/** The memory in which the fixed parts of rows grow: one array under the views of all widths. */
export class Scratch {
  readonly batchBytes: number
  readonly f64: Float64Array
  readonly i64: BigInt64Array
  readonly u32: Uint32Array
  readonly u16: Uint16Array
  readonly bytes: Uint8Array
  /** Flags of the updates, one byte each. A row has at least 8 bytes, so these never run out. */
  readonly flags: Uint8Array

  constructor(batchBytes: number) {
    const memory = new ArrayBuffer(Math.ceil(batchBytes / 8) * 8 + overrunBytes)
    this.batchBytes = batchBytes
    this.f64 = new Float64Array(memory)
    this.i64 = new BigInt64Array(memory)
    this.u32 = new Uint32Array(memory)
    this.u16 = new Uint16Array(memory)
    this.bytes = new Uint8Array(memory)
    this.flags = new Uint8Array(Math.ceil(batchBytes / 8) + 1)
  }
}

const pool: Scratch[] = []

/** A scratch for one segment; its contents are undefined. */
export function borrowScratch(batchBytes: number): Scratch {
  const pooled = pool.at(-1)
  if (pooled?.batchBytes !== batchBytes) return new Scratch(batchBytes)
  pool.pop()
  return pooled
}

/** Gives it back: the caller must not touch it any more. */
export function returnScratch(scratch: Scratch): void {
  if (scratch.batchBytes === wireLimits.batchBytes && pool.length < maxPooled) pool.push(scratch)
}
