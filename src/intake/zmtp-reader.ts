import { maxForeignTopicBytes } from '../wire/frames/foreign.ts'
import type { RefusedReason } from '../wire/refused.ts'
import {
  bodyOf,
  commandFlag,
  endOfMessage,
  greetingBytes,
  helloBody,
  isGreeting,
  longFlag,
  longHeaderBytes,
  maxFrames,
  moreFlag,
  shortHeaderBytes,
  sizeOf,
} from './zmtp.ts'

interface ZmtpReaderOptions {
  /** Whoever says it may send. */
  readonly password: string
  /** Bytes of a message, with the headers of its frames; of a larger one only the topic is kept. */
  readonly maxMessageBytes: number
  /** Bytes of one frame; a larger one ends the connection. */
  readonly maxFrameBytes: number
}

export interface ZmtpHandlers {
  /** The peer has said the password: it waits for a welcome. */
  welcome(): void
  /** The peer waits for what we are, and for subscriptions: messages may come. */
  ready(): void
  /** So many whole messages, as they came: frames of ZMTP, one behind the other. May be kept. */
  messages(bytes: Buffer, count: number): void
  /** A message that is not taken; `head`: what its first frame begins with, gone when this returns. */
  refused(head: Buffer, reason: RefusedReason): void
}

/** Of a command only its name is of use. */
const commandHeadBytes = 64

/** A frame that says it has so many bytes at most is given room for them before they are there. */
const believedBytes = 64 * 1024

/** Bytes that the first part of a message is given room for. */
const leastRoomBytes = 256

/**
 * Takes what comes on one connection, in pieces of any size. Total: any bytes are taken, or the
 * connection is given up. What comes is not read here: whole messages are found by their headers alone
 * and handed on as the piece in which they came. zeromq.js hands over some 90,000 messages a second,
 * each as a promise; foreign programs send several times as many, and who reads them has to come to it.
 */
export class ZmtpReader {
  readonly #limits: ZmtpReaderOptions
  readonly #handlers: ZmtpHandlers
  /** The greeting, or the message or command of which not all has come; of one that is refused, its topic. */
  #open: Buffer = nothing
  #opened = 0
  /** Bytes that `#open` gets before it is looked at again. */
  #missing = greetingBytes
  /** Bytes that are to come behind them and are not kept. */
  #skipped = 0
  #state: 'greeting' | 'header' | 'body' = 'greeting'
  /** Where the last header in `#open` begins. */
  #headerAt = 0
  /** Of the open message: frames and bytes so far, and why it is not taken. */
  #frames = 0
  #bytes = 0
  #refused: RefusedReason | null = null
  #firstEnd = 0
  /** What the peer has to say first. */
  readonly #hello: Buffer
  #isWelcome = false
  #isReady = false
  #end: string | null = null

  constructor(limits: ZmtpReaderOptions, handlers: ZmtpHandlers) {
    this.#limits = limits
    this.#hello = helloBody(limits.password)
    this.#handlers = handlers
  }

  /** Bytes of memory that what has not come whole takes. */
  get heldBytes(): number {
    return this.#open.length
  }

  get isReady(): boolean {
    return this.#isReady
  }

  /** Null; or why the connection is given up: nothing more is taken. */
  take(piece: Buffer): string | null {
    let at = 0
    while (at < piece.length && this.#end === null) {
      if (this.#isReady && this.#opened === 0 && this.#state === 'header') {
        const from = at
        at = this.#takeWhole(piece, from)
        if (at === piece.length) break
      }
      at += this.#gather(piece, at)
      if (this.#missing === 0 && this.#skipped === 0) this.#look()
    }
    return this.#end
  }

  /** Hands on the whole messages that begin at `from`; where the first that is not one of them begins. */
  #takeWhole(piece: Buffer, from: number): number {
    const { maxMessageBytes } = this.#limits
    let at = from
    let count = 0
    for (;;) {
      const end = endOfMessage(piece, at, maxMessageBytes)
      if (end === 0) break
      at = end
      count += 1
    }
    if (count > 0) this.#handlers.messages(piece.subarray(from, at), count)
    return at
  }

  /** Takes of the piece what the open message is to have before it is looked at; how many bytes. */
  #gather(piece: Buffer, at: number): number {
    const kept = Math.min(this.#missing, piece.length - at)
    this.#reserve(this.#opened + kept)
    piece.copy(this.#open, this.#opened, at, at + kept)
    this.#opened += kept
    this.#missing -= kept
    const skipped = Math.min(this.#skipped, piece.length - at - kept)
    this.#skipped -= skipped
    return kept + skipped
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#open.length) return
    const room = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#open.length, leastRoomBytes))
    this.#open.copy(room, 0, 0, this.#opened)
    this.#open = room
  }

  /** What was missing has come; goes on until something is missing again, or nothing is open. */
  #look(): void {
    while (this.#missing === 0 && this.#skipped === 0 && this.#end === null) {
      if (this.#state === 'greeting') this.#takeGreeting()
      else if (this.#state === 'header') this.#takeHeader()
      else this.#takeBody()
    }
  }

  #takeGreeting(): void {
    if (!isGreeting(this.#open)) this.#end = 'it does not begin as ZMTP 3 with the mechanism PLAIN'
    this.#nextFrame(0)
  }

  /** What is open up to `from` stays; the header of the next frame comes behind it. */
  #nextFrame(from: number): void {
    this.#opened = from
    this.#headerAt = from
    this.#missing = shortHeaderBytes
    this.#state = 'header'
  }

  #takeHeader(): void {
    const at = this.#headerAt
    const flags = this.#open[at] ?? 0
    const header = (flags & longFlag) === 0 ? shortHeaderBytes : longHeaderBytes
    this.#missing = header - (this.#opened - at)
    if (this.#missing > 0) return
    const size = sizeOf(this.#open, at)
    if (size > this.#limits.maxFrameBytes) this.#end = `a frame of ${size} bytes`
    const kept =
      (flags & commandFlag) === 0 ? this.#openFrame(header, size) : Math.min(size, commandHeadBytes)
    this.#state = 'body'
    if (kept <= believedBytes) this.#reserve(this.#opened + kept)
    this.#missing = kept
    this.#skipped = size - kept
  }

  /** One more frame of the message; how many bytes of it are to be kept. */
  #openFrame(header: number, size: number): number {
    if (!this.#isReady) this.#end = 'a message before INITIATE'
    this.#frames += 1
    this.#bytes += header + size
    if (this.#bytes > this.#limits.maxMessageBytes) this.#refused ??= 'too-large'
    if (this.#frames > maxFrames) this.#refused ??= 'bad-frames'
    if (this.#refused === null) return size
    return this.#frames === 1 ? Math.min(size, maxForeignTopicBytes) : 0
  }

  #takeBody(): void {
    const at = this.#headerAt
    const flags = this.#open[at] ?? 0
    if ((flags & commandFlag) !== 0) {
      this.#takeCommand(this.#open.subarray(bodyOf(this.#open, at), this.#opened))
      this.#nextFrame(at)
      return
    }
    if (this.#frames === 1) this.#firstEnd = this.#opened
    if ((flags & moreFlag) !== 0)
      this.#nextFrame(this.#refused === null ? this.#opened : this.#firstEnd)
    else this.#endMessage()
  }

  #endMessage(): void {
    const first = this.#open.subarray(bodyOf(this.#open, 0), this.#firstEnd)
    if (this.#refused !== null) this.#handlers.refused(first, this.#refused)
    else {
      this.#handlers.messages(this.#open.subarray(0, this.#opened), 1)
      this.#open = nothing
    }
    if (this.#open.length > leastRoomBytes) this.#open = nothing
    this.#frames = 0
    this.#bytes = 0
    this.#refused = null
    this.#nextFrame(0)
  }

  /** HELLO has the password, INITIATE begins it, ERROR ends it; what else a later version may say is not for us. */
  #takeCommand(body: Buffer): void {
    const name = body.subarray(1, 1 + (body[0] ?? 0)).latin1Slice()
    if (name === 'ERROR') this.#end = 'it said ERROR'
    else if (!this.#isWelcome) this.#takeHello(body)
    else if (name === 'INITIATE' && !this.#isReady) {
      this.#isReady = true
      this.#handlers.ready()
    }
  }

  /** What comes before it is refused, whatever it is. */
  #takeHello(body: Buffer): void {
    if (!body.equals(this.#hello)) this.#end = 'it does not know the password'
    else {
      this.#isWelcome = true
      this.#handlers.welcome()
    }
  }
}

const nothing: Buffer = Buffer.alloc(0)
