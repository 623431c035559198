import { ByteReader } from '../../../wire/bytes/byte-reader.ts'
import { ByteWriter } from '../../../wire/bytes/byte-writer.ts'
import type { RefusedReason } from '../../../wire/refused.ts'
import type { DatagramRange } from './datagram-order.ts'

/** Where the sending node is, and what it knows of the receiver. */
export interface HelloMessage {
  readonly type: 'hello'
  /** I do not hear you by the group: serve me here. */
  readonly isDeaf: boolean
  /** This life of the sending link. */
  readonly session: string
  /** The oldest datagram that can be repaired, and the last that was sent. */
  readonly first: number
  readonly sent: number
  /** Of the key that opens the datagrams; 0: they are not sealed. */
  readonly epoch: number
  /** 32 bytes; zeros: none. */
  readonly key: Buffer
  /** Bytes of datagrams that may wait to be read there. */
  readonly receiveBuffer: number
  /** Of its interest, and of ours as far as it knows. */
  readonly interest: number
  readonly knows: number
  /** Address that its datagrams come from; empty: it sends none. */
  readonly source: string
}

/** Which prefixes it wants: what has changed after `since`; after 0: all of them. */
export interface InterestMessage {
  readonly type: 'interest'
  readonly since: number
  readonly version: number
  readonly changes: readonly { readonly prefix: string; readonly isAdded: boolean }[]
}

/** What nodes say to each other on the channel, one a frame. */
export type ChannelMessage =
  | HelloMessage
  | InterestMessage
  /** Of subscribers, for all publishers of the node. */
  | { readonly type: 'requests'; readonly frames: readonly Buffer[] }
  | { readonly type: 'ask'; readonly session: string; readonly ranges: readonly DatagramRange[] }
  /** Datagrams as they were sent to the group. */
  | { readonly type: 'datagrams'; readonly frames: readonly Buffer[] }
  | { readonly type: 'messages'; readonly messages: readonly FollowingMessage[] }

/** A message for the processes of one node, which come to it behind this datagram of the sender, as they left. */
export interface FollowingMessage {
  readonly after: number
  readonly bytes: Buffer
}

export const channelVersion = 1

/** Bytes before each of the frames of a message, at most. */
export const frameHeadBytes = 12

const magic = 0x5489
const direction = 0x4c // L
const headBytes = 5
const keyBytes = 32
const deafFlag = 0x01
const mustBeKnown = 0xf0
const types = ['hello', 'interest', 'requests', 'ask', 'datagrams', 'messages'] as const
const twoTo32 = 2 ** 32

type ListType = 'requests' | 'datagrams'

export function encodeChannelMessage(message: ChannelMessage): Buffer {
  if ('frames' in message) return encodeFrames(message.type, message.frames)
  if (message.type === 'messages') return encodeFrames(message.type, message.messages)
  const writer = new ByteWriter()
  writer.bytes(headOf(message.type))
  if (message.type === 'hello') writeHello(writer, message)
  else if (message.type === 'interest') writeInterest(writer, message)
  else writeAsk(writer, message.session, message.ranges)
  return writer.view()
}

const headOf = (type: ChannelMessage['type']): Buffer =>
  Buffer.of(magic & 0xff, magic >> 8, direction, channelVersion, types.indexOf(type) + 1)

/** They may be large: copied once. */
function encodeFrames(
  type: ChannelMessage['type'],
  frames: readonly (Buffer | FollowingMessage)[],
): Buffer {
  const size = frames.reduce((sum, frame) => {
    const isPlain = Buffer.isBuffer(frame)
    return sum + (isPlain ? 4 + frame.length : frameHeadBytes + frame.bytes.length)
  }, headBytes + 4)
  const bytes = Buffer.allocUnsafeSlow(size)
  bytes.set(headOf(type))
  let at = bytes.writeUInt32LE(frames.length, headBytes)
  for (const frame of frames) {
    const isPlain = Buffer.isBuffer(frame)
    if (!isPlain) at = writeNumberAt(bytes, frame.after, at)
    const content = isPlain ? frame : frame.bytes
    at = bytes.writeUInt32LE(content.length, at)
    bytes.set(content, at)
    at += content.length
  }
  return bytes
}

/** Any bytes give a message, or why they are none. Frames are views of `bytes`. */
export function decodeChannelMessage(bytes: Buffer): ChannelMessage | RefusedReason {
  const reader = new ByteReader(bytes, 0)
  if (reader.u16() !== magic || reader.u8() !== direction) return 'bad-magic'
  if (reader.u8() !== channelVersion) return 'unknown-version'
  const type = types[reader.u8() - 1]
  if (type === undefined) return 'unknown-kind'
  const message = readBody(reader, type)
  if (reader.problem === null && reader.at < reader.end) reader.refuse('bad-length')
  return reader.problem ?? message
}

function readBody(reader: ByteReader, type: (typeof types)[number]): ChannelMessage {
  switch (type) {
    case 'hello':
      return readHello(reader)
    case 'interest':
      return readInterest(reader)
    case 'ask':
      return { type, session: readSession(reader), ranges: readRanges(reader) }
    case 'messages':
      return { type, messages: readMessages(reader) }
    default:
      return readFrames(reader, type)
  }
}

function writeHello(writer: ByteWriter, hello: HelloMessage): void {
  writer.u8(hello.isDeaf ? deafFlag : 0)
  writer.bytes(Buffer.from(hello.session, 'hex'))
  writeNumber(writer, hello.first)
  writeNumber(writer, hello.sent)
  writer.u16(hello.epoch)
  writer.bytes(hello.key)
  writer.u32(hello.receiveBuffer)
  writer.u32(hello.interest)
  writer.u32(hello.knows)
  writer.u8(hello.source.length)
  writer.bytes(Buffer.from(hello.source, 'latin1'))
}

function readHello(reader: ByteReader): HelloMessage {
  const flags = reader.u8()
  if ((flags & mustBeKnown) !== 0) reader.refuse('unknown-flags')
  return {
    type: 'hello',
    isDeaf: (flags & deafFlag) !== 0,
    session: readSession(reader),
    first: readNumber(reader),
    sent: readNumber(reader),
    epoch: reader.u16(),
    key: readBytes(reader, keyBytes),
    receiveBuffer: reader.u32(),
    interest: reader.u32(),
    knows: reader.u32(),
    source: readBytes(reader, reader.u8()).latin1Slice(),
  }
}

function writeInterest(writer: ByteWriter, { since, version, changes }: InterestMessage): void {
  writer.u32(since)
  writer.u32(version)
  writer.u32(changes.length)
  for (const { prefix, isAdded } of changes) {
    writer.u8(isAdded ? 1 : 0)
    writer.u16(prefix.length)
    writer.bytes(Buffer.from(prefix, 'latin1'))
  }
}

function readInterest(reader: ByteReader): InterestMessage {
  const since = reader.u32()
  const version = reader.u32()
  const changes: { prefix: string; isAdded: boolean }[] = []
  for (let count = readCount(reader, 3); count > 0; count--) {
    const kind = reader.u8()
    if (kind > 1) reader.refuse('unknown-kind')
    const prefix = readBytes(reader, reader.u16()).latin1Slice()
    if (reader.problem !== null) break
    changes.push({ prefix, isAdded: kind === 1 })
  }
  return { type: 'interest', since, version, changes }
}

function writeAsk(writer: ByteWriter, session: string, ranges: readonly DatagramRange[]): void {
  writer.bytes(Buffer.from(session, 'hex'))
  writer.u32(ranges.length)
  for (const { from, count } of ranges) {
    writeNumber(writer, from)
    writer.u32(count)
  }
}

function readRanges(reader: ByteReader): DatagramRange[] {
  const ranges: DatagramRange[] = []
  for (let count = readCount(reader, 12); count > 0 && reader.problem === null; count--)
    ranges.push({ from: readNumber(reader), count: reader.u32() })
  return ranges
}

function readFrames(reader: ByteReader, type: ListType): ChannelMessage {
  const frames: Buffer[] = []
  for (let count = readCount(reader, 4); count > 0; count--) {
    const frame = readBytes(reader, reader.u32())
    if (reader.problem !== null) break
    frames.push(frame)
  }
  return { type, frames }
}

function readMessages(reader: ByteReader): FollowingMessage[] {
  const messages: FollowingMessage[] = []
  for (let count = readCount(reader, frameHeadBytes); count > 0; count--) {
    const after = readNumber(reader)
    const bytes = readBytes(reader, reader.u32())
    if (reader.problem !== null) break
    messages.push({ after, bytes })
  }
  return messages
}

/** A number of things that take at least `bytesEach` bytes each, checked against those at hand. */
function readCount(reader: ByteReader, bytesEach: number): number {
  const count = reader.u32()
  if (count * bytesEach <= reader.end - reader.at) return count
  reader.refuse('bad-count')
  return 0
}

function readBytes(reader: ByteReader, count: number): Buffer {
  if (count > reader.end - reader.at) reader.refuse('bad-length')
  if (reader.problem !== null) return Buffer.alloc(0)
  const bytes = reader.buffer.subarray(reader.at, reader.at + count)
  reader.at += count
  return bytes
}

const readSession = (reader: ByteReader): string => readBytes(reader, 8).hexSlice()

/** A safe integer in 8 bytes. */
function writeNumber(writer: ByteWriter, value: number): void {
  writer.u32(value % twoTo32)
  writer.u32(Math.floor(value / twoTo32))
}

function writeNumberAt(bytes: Buffer, value: number, at: number): number {
  bytes.writeUInt32LE(value % twoTo32, at)
  return bytes.writeUInt32LE(Math.floor(value / twoTo32), at + 4)
}

function readNumber(reader: ByteReader): number {
  const value = reader.u32() + reader.u32() * twoTo32
  if (!Number.isSafeInteger(value)) reader.refuse('bad-number')
  return reader.problem === null ? value : 0
}
