/**
 * One message of what came as frames: with its topic in a frame of its own, as other programs may send it, it means
 * the same. Null: it is none.
 */
export function joinFrames(frames: readonly Uint8Array[]): Uint8Array | null {
  const [first, second] = frames
  if (first === undefined || frames.length > 2) return null
  return second === undefined ? first : Buffer.concat([first, second])
}
