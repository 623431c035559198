/** Frames up to here share memory; a larger one has its own. */
const maxSharedBytes = 4096
/**
 * Small enough that a frame which is kept long (the last of a quiet table) keeps little more than
 * itself, and for dozens of frames: thousands of buffers, each with memory of its own, make every collection slow.
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
  // The next one begins at a multiple of 8, as one with memory of its own does.
  used = Math.ceil((used + bytes) / 8) * 8
  return slab.subarray(from, from + bytes)
}
