import type { FollowingMessage } from './channel-message.ts'
import { encodeChannelMessage, frameHeadBytes } from './channel-message.ts'

interface Waiting {
  readonly requests: Buffer[]
  readonly datagrams: Buffer[]
  readonly messages: FollowingMessage[]
}

/** What goes to each other node at the end of a turn, gathered into messages of the channel. */
export class ChannelOutbox {
  readonly #mostBytes: number
  readonly #waiting = new Map<string, Waiting>()

  /** `mostBytes`: of one message of the channel, unless what is in it is larger by itself. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  addRequest(node: string, request: Buffer): void {
    this.#of(node).requests.push(request)
  }

  addDatagram(node: string, datagram: Buffer): void {
    this.#of(node).datagrams.push(datagram)
  }

  addMessage(node: string, message: FollowingMessage): void {
    this.#of(node).messages.push(message)
  }

  /** Datagrams before the messages that follow them. */
  take(to: (node: string, frame: Buffer) => void): void {
    for (const [node, { requests, datagrams, messages }] of this.#waiting) {
      for (const frames of this.#parts(requests, ({ length }) => length))
        to(node, encodeChannelMessage({ type: 'requests', frames }))
      for (const frames of this.#parts(datagrams, ({ length }) => length))
        to(node, encodeChannelMessage({ type: 'datagrams', frames }))
      for (const part of this.#parts(messages, ({ bytes }) => bytes.length))
        to(node, encodeChannelMessage({ type: 'messages', messages: part }))
    }
    this.#waiting.clear()
  }

  forget(node: string): void {
    this.#waiting.delete(node)
  }

  #of(node: string): Waiting {
    const known = this.#waiting.get(node)
    if (known) return known
    const made = { requests: [], datagrams: [], messages: [] }
    this.#waiting.set(node, made)
    return made
  }

  *#parts<Item>(items: readonly Item[], sizeOf: (item: Item) => number): Generator<Item[]> {
    let part: Item[] = []
    let bytes = 0
    for (const item of items) {
      const size = frameHeadBytes + sizeOf(item)
      if (bytes + size > this.#mostBytes && part.length > 0) {
        yield part
        part = []
        bytes = 0
      }
      part.push(item)
      bytes += size
    }
    if (part.length > 0) yield part
  }
}
