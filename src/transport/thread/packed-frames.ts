/** Messages of one or more frames, to be handed to another thread with the memory they are in. */
export interface PackedFrames {
  /** All frames, one behind the other. */
  readonly bytes: ArrayBuffer
  /** Of each message the number of its frames and the length of each. */
  readonly layout: Uint32Array<ArrayBuffer>
}

export function packFrames(messages: readonly (readonly Uint8Array[])[]): PackedFrames {
  let length = 0
  let places = 0
  for (const frames of messages) {
    places += 1 + frames.length
    for (const frame of frames) length += frame.length
  }
  const bytes = new Uint8Array(length)
  const layout = new Uint32Array(places)
  let at = 0
  let place = 0
  for (const frames of messages) {
    layout[place++] = frames.length
    for (const frame of frames) {
      layout[place++] = frame.length
      bytes.set(frame, at)
      at += frame.length
    }
  }
  return { bytes: bytes.buffer, layout }
}

/** Each frame has memory of its own: whoever keeps one keeps no other. */
export function unpackFrames({ bytes, layout }: PackedFrames): Buffer[][] {
  const messages: Buffer[][] = []
  let at = 0
  for (let place = 0; place < layout.length;) {
    const frames: Buffer[] = []
    for (let left = layout[place++] ?? 0; left > 0; left -= 1) {
      const length = layout[place++] ?? 0
      frames.push(Buffer.from(bytes.slice(at, at + length)))
      at += length
    }
    messages.push(frames)
  }
  return messages
}
