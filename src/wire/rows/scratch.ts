import { wireLimits } from '../limits.ts'

/** Bytes by which one update may pass the mark at which a segment is closed: two of the widest rows. */
const overrunBytes = 2 * 8 * (wireLimits.maxFields + 32)

/** Bytes of rows in the first scratch of a segment: most tables have few updates in a parcel. */
export const firstScratchBytes = 8 * 1024

/** Scratches kept for the next segment: as many as tables that are typically busy at once. */
const maxPooled = 8
/** The same of first ones: as many as tables in a parcel. */
const maxFirstPooled = 64

/** The memory in which the fixed parts of rows grow: one array under the views of all widths. */
export class Scratch {
  /** Bytes of rows after which it is full; two rows more have room. */
  readonly rowBytes: number
  readonly f64: Float64Array
  readonly i64: BigInt64Array
  readonly u32: Uint32Array
  readonly u16: Uint16Array
  readonly bytes: Uint8Array
  /** Flags of the updates, one byte each. A row has at least 8 bytes, so these never run out. */
  readonly flags: Uint8Array

  constructor(rowBytes: number) {
    const memory = new ArrayBuffer(Math.ceil(rowBytes / 8) * 8 + overrunBytes)
    this.rowBytes = rowBytes
    this.f64 = new Float64Array(memory)
    this.i64 = new BigInt64Array(memory)
    this.u32 = new Uint32Array(memory)
    this.u16 = new Uint16Array(memory)
    this.bytes = new Uint8Array(memory)
    this.flags = new Uint8Array(Math.ceil(rowBytes / 8) + 1)
  }
}

const pools = [
  { rowBytes: firstScratchBytes, most: maxFirstPooled, scratches: [] as Scratch[] },
  { rowBytes: wireLimits.batchBytes, most: maxPooled, scratches: [] as Scratch[] },
]

const poolOf = (bytes: number) => pools.find(({ rowBytes }) => rowBytes === bytes)

/** A scratch for one segment; its contents are undefined. */
export const borrowScratch = (rowBytes: number): Scratch =>
  poolOf(rowBytes)?.scratches.pop() ?? new Scratch(rowBytes)

/** Gives it back: the caller must not touch it any more. */
export function returnScratch(scratch: Scratch): void {
  const pool = poolOf(scratch.rowBytes)
  if (pool && pool.scratches.length < pool.most) pool.scratches.push(scratch)
}
