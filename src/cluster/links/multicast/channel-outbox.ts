import { encodeChannelMessage, frameHeadBytes } from './channel-message.ts'

type ListType = 'requests' | 'datagrams' | 'messages'

/** The frames of channel messages with so many frames each as `mostBytes` allow, and one at least. */
export function encodeInParts(
  type: ListType,
  frames: readonly Buffer[],
  mostBytes: number,
): Buffer[] {
  const parts: Buffer[] = []
  let part: Buffer[] = []
  let bytes = 0
  for (const frame of frames) {
    const size = frameHeadBytes + frame.length
    if (bytes + size > mostBytes && part.length > 0) {
      parts.push(encodeChannelMessage({ type, frames: part }))
      part = []
      bytes = 0
    }
    part.push(frame)
    bytes += size
  }
  if (part.length > 0) parts.push(encodeChannelMessage({ type, frames: part }))
  return parts
}

/** What goes to one node at the end of a turn. */
export class ChannelOutbox {
  readonly #mostBytes: number
  readonly #waiting = new Map<string, Record<ListType, Buffer[]>>()

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  add(node: string, type: ListType, frame: Buffer): void {
    let lists = this.#waiting.get(node)
    if (!lists) {
      lists = { requests: [], datagrams: [], messages: [] }
      this.#waiting.set(node, lists)
    }
    lists[type].push(frame)
  }

  /** By node, in the order of the lists; within one as they were added. */
  take(to: (node: string, frame: Buffer) => void): void {
    for (const [node, lists] of this.#waiting)
      for (const type of ['requests', 'datagrams', 'messages'] as const)
        for (const frame of encodeInParts(type, lists[type], this.#mostBytes)) to(node, frame)
    this.#waiting.clear()
  }

  forget(node: string): void {
    this.#waiting.delete(node)
  }
}
