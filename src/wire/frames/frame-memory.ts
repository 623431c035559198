/** Frames up to here share memory; a larger one has its own. */
const maxSharedBytes = 4096
/**
 * For dozens of frames: thousands of buffers, each with memory of its own, make every collection
 * slow. Small enough that a frame which libzmq holds for a slow peer keeps little more than itself.
 */
const slabBytes = 16 * 1024

let slab = Buffer.allocUnsafeSlow(slabBytes)
let used = 0

/** Memory for one frame, with undefined contents: never given out twice. */
export function allocateFrame(bytes: number): Buffer {
  if (bytes > maxSharedBytes) return Buffer.allocUnsafeSlow(bytes)
  if (used + bytes > slabBytes) {
    slab = Buffer.allocUnsafeSlow(slabBytes)
    used = 0
  }
  const from = used
  used += bytes
  return slab.subarray(from, used)
}
