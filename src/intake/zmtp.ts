/**
 * As much of ZMTP 3.0 (RFC 23) as one subscriber of one libzmq publisher needs: greeting, the NULL
 * mechanism, one subscription, messages. zeromq.js hands over some 90,000 messages a second, each as a
 * promise, and cannot say how many bytes wait inside libzmq. Foreign programs send several times as
 * many, and what waits must be counted: here a piece of 64 KiB is taken at once.
 */

const greetingBytes = 64
const signatureEnd = 9
const majorVersionAt = 10
const mechanismAt = 12
const mechanismBytes = 20

/** Signature, version 3.0 and the mechanism NULL, each with zeros up to its place. */
export function greeting(): Buffer {
  const bytes = Buffer.alloc(greetingBytes)
  bytes[0] = 0xff
  bytes[signatureEnd] = 0x7f
  bytes[majorVersionAt] = 3
  bytes.latin1Write('NULL', mechanismAt)
  return bytes
}

const moreFlag = 1
const longFlag = 2
const commandFlag = 4

const short = (flags: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from([flags, body.length]), body])

/** The handshake's command: what kind of socket this is. */
export function readyCommand(): Buffer {
  const name = 'Socket-Type'
  const value = 'SUB'
  const valueBytes = Buffer.alloc(4)
  valueBytes.writeUInt32BE(value.length)
  const property = [Buffer.from([name.length]), Buffer.from(name), valueBytes, Buffer.from(value)]
  return short(commandFlag, Buffer.concat([Buffer.from('\x05READY'), ...property]))
}

export const subscribeMessage = (prefix: string): Buffer => short(0, Buffer.from(`\x01${prefix}`))
export const unsubscribeMessage = (prefix: string): Buffer => short(0, Buffer.from(`\x00${prefix}`))

/** A message of so many frames is none of those that may come here. */
const maxFrames = 3

export interface ZmtpHandlers {
  /** The peer has said that it is ready: subscriptions may go out. */
  ready(): void
  /** One message. The frames may be kept; they are views of what came. */
  message(frames: Buffer[]): void
}

/**
 * Takes what comes on one connection, in pieces of any size. Total: any bytes are taken, or the
 * connection is given up (`take()` says false).
 */
export class ZmtpReader {
  readonly #maxMessageBytes: number
  readonly #handlers: ZmtpHandlers
  /** What has come of a header or a short frame that is not complete. */
  #rest: Buffer = nothing
  /** A frame that is longer than what has come of it. */
  #long: { readonly frame: Buffer; filled: number; readonly flags: number } | null = null
  #frames: Buffer[] = []
  #messageBytes = 0
  #isGreeted = false
  #isReady = false

  constructor(maxMessageBytes: number, handlers: ZmtpHandlers) {
    this.#maxMessageBytes = maxMessageBytes
    this.#handlers = handlers
  }

  /** Bytes of a message that has not come whole. */
  get heldBytes(): number {
    return this.#messageBytes + this.#rest.length + (this.#long?.frame.length ?? 0)
  }

  /** False: what came is no ZMTP of a publisher, or too large; nothing more is taken. */
  take(piece: Buffer): boolean {
    let bytes = piece
    if (this.#long) {
      const long = this.#long
      const taken = bytes.copy(long.frame, long.filled)
      long.filled += taken
      if (long.filled < long.frame.length) return true
      this.#long = null
      if (!this.#takeFrame(long.flags, long.frame)) return false
      bytes = bytes.subarray(taken)
    } else if (this.#rest.length > 0) {
      bytes = Buffer.concat([this.#rest, bytes])
      this.#rest = nothing
    }
    if (!this.#isGreeted) {
      if (bytes.length < greetingBytes) return this.#keep(bytes, 0)
      if (!isGreeting(bytes)) return false
      this.#isGreeted = true
      bytes = bytes.subarray(greetingBytes)
    }
    return this.#takeFrames(bytes)
  }

  #takeFrames(bytes: Buffer): boolean {
    let at = 0
    for (;;) {
      const flags = bytes[at]
      if (flags === undefined) return true
      const isLong = (flags & longFlag) !== 0
      const body = at + (isLong ? 9 : 2)
      if (bytes.length < body) return this.#keep(bytes, at)
      const size = isLong ? Number(bytes.readBigUInt64BE(at + 1)) : (bytes[at + 1] as number)
      if (this.#messageBytes + size > this.#maxMessageBytes) return false
      const end = body + size
      if (end > bytes.length) {
        if (!isLong) return this.#keep(bytes, at)
        this.#long = { frame: Buffer.allocUnsafeSlow(size), filled: bytes.length - body, flags }
        bytes.copy(this.#long.frame, 0, body)
        return true
      }
      if (!this.#takeFrame(flags, bytes.subarray(body, end))) return false
      at = end
    }
  }

  #keep(bytes: Buffer, from: number): true {
    this.#rest = Buffer.from(bytes.subarray(from))
    return true
  }

  #takeFrame(flags: number, body: Buffer): boolean {
    if ((flags & commandFlag) !== 0) return this.#takeCommand(body)
    if (!this.#isReady || this.#frames.length === maxFrames) return false
    this.#frames.push(body)
    this.#messageBytes += body.length
    if ((flags & moreFlag) !== 0) return true
    const frames = this.#frames
    this.#frames = []
    this.#messageBytes = 0
    this.#handlers.message(frames)
    return true
  }

  /** READY begins it; ERROR ends it; what else a later version may say is not for us. */
  #takeCommand(body: Buffer): boolean {
    const name = body.subarray(1, 1 + (body[0] ?? 0)).latin1Slice()
    if (name === 'ERROR') return false
    if (name === 'READY' && !this.#isReady) {
      this.#isReady = true
      this.#handlers.ready()
    }
    return true
  }
}

const nothing: Buffer = Buffer.alloc(0)

const isGreeting = (bytes: Buffer): boolean =>
  bytes[0] === 0xff &&
  bytes[signatureEnd] === 0x7f &&
  (bytes[majorVersionAt] ?? 0) >= 3 &&
  bytes.latin1Slice(mechanismAt, mechanismAt + mechanismBytes).replaceAll('\0', '') === 'NULL'
