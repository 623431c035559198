import { mqttLimits } from '../broker/mqtt-limits.ts'

/**
 * A message that is larger than the broker's packets travels in pieces, each with a head: two bytes that begin no message,
 * the sender (16), the number of the message (4), the piece and how many there are (2 each), little-endian.
 */
const magic = [0x89, 0x46] as const
const headBytes = 26
const senderBytes = 16

/** A broker with smaller packets cannot carry updates: their heads alone would be most of what it does. */
const leastPieceBytes = 1_024

/** Pieces of a message at most: their number has 16 bits. */
const mostPieces = 0xffff

/** Cuts messages of one sender in pieces. */
export class Fragmenter {
  readonly #sender: Buffer
  #number = 0

  constructor(incarnation: string) {
    this.#sender = Buffer.from(incarnation, 'hex')
  }

  /** The payload as it is, where it has at most `most` bytes; else its pieces. None: the broker's packets are too small for it. */
  split(payload: Uint8Array, most: number): Uint8Array[] {
    if (payload.byteLength <= most) return [payload]
    const room = most - headBytes
    const pieces = Math.ceil(payload.byteLength / room)
    if (most < leastPieceBytes || pieces > mostPieces) return []
    this.#number = (this.#number + 1) >>> 0
    return Array.from({ length: pieces }, (_, piece) => {
      const part = payload.subarray(piece * room, (piece + 1) * room)
      const framed = Buffer.allocUnsafeSlow(headBytes + part.byteLength)
      framed.set(magic)
      framed.set(this.#sender, magic.length)
      framed.writeUInt32LE(this.#number, 18)
      framed.writeUInt16LE(piece, 22)
      framed.writeUInt16LE(pieces, 24)
      framed.set(part, headBytes)
      return framed
    })
  }
}

export const isFragment = (payload: Buffer): boolean =>
  payload.length > headBytes && payload[0] === magic[0] && payload[1] === magic[1]

/** Pieces of one message, from the first on. */
interface OpenMessage {
  readonly number: number
  readonly parts: Buffer[]
  bytes: number
}

/** Puts pieces together. They come in order by sender and topic, so of each the latest message alone can lack some. */
export class Reassembly {
  readonly #open = new Map<string, OpenMessage>()
  #bytes = 0

  /** Of pieces whose message is not whole yet. */
  get heldBytes(): number {
    return this.#bytes
  }

  /** The whole message; null: more of it must come, or a piece is missing, and with it the message. */
  take(topic: string, fragment: Buffer): Buffer | null {
    const key = `${topic} ${fragment.toString('hex', magic.length, magic.length + senderBytes)}`
    const number = fragment.readUInt32LE(18)
    const piece = fragment.readUInt16LE(22)
    const pieces = fragment.readUInt16LE(24)
    const open = this.#messageOf(key, number, piece)
    if (!open) return null
    const part = fragment.subarray(headBytes)
    open.parts.push(part)
    open.bytes += part.length
    this.#bytes += part.length
    if (open.parts.length === pieces) {
      this.#forget(key)
      return Buffer.concat(open.parts)
    }
    if (open.parts.length > pieces) this.#forget(key)
    this.#makeRoom()
    return null
  }

  /** The message that the piece continues, or begins. */
  #messageOf(key: string, number: number, piece: number): OpenMessage | null {
    const open = this.#open.get(key)
    if (open?.number === number && open.parts.length === piece) return open
    // QoS 1 may bring a piece again.
    if (open?.number === number && piece < open.parts.length) return null
    this.#forget(key)
    if (piece !== 0) return null
    const begun = { number, parts: [], bytes: 0 }
    this.#open.set(key, begun)
    return begun
  }

  /** Senders that died within a message: the oldest are let go of. */
  #makeRoom(): void {
    for (const key of this.#open.keys()) {
      if (this.#bytes <= mqttLimits.piecesBytes) return
      this.#forget(key)
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#open.get(key)?.bytes ?? 0
    this.#open.delete(key)
  }
}
