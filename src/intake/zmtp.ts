/**
 * What one subscriber of one libzmq publisher says and hears in ZMTP 3.0 (RFC 23): greeting, the mechanism
 * PLAIN (RFC 24), one subscription, messages.
 */

export const greetingBytes = 64
const signatureEnd = 9
const majorVersionAt = 10
const mechanismAt = 12
const mechanismBytes = 20

const mechanism = 'PLAIN'

/** As whom the inbound proxy comes; what counts is the password. */
export const foreignUser = 'tidings'

/** Signature, version 3.0 and the mechanism PLAIN, each with zeros up to its place. */
export function greeting(): Buffer {
  const bytes = Buffer.alloc(greetingBytes)
  bytes[0] = 0xff
  bytes[signatureEnd] = 0x7f
  bytes[majorVersionAt] = 3
  bytes.latin1Write(mechanism, mechanismAt)
  return bytes
}

export const isGreeting = (bytes: Buffer): boolean =>
  bytes[0] === 0xff &&
  bytes[signatureEnd] === 0x7f &&
  (bytes[majorVersionAt] ?? 0) >= 3 &&
  bytes.latin1Slice(mechanismAt, mechanismAt + mechanismBytes).replaceAll('\0', '') === mechanism

export const moreFlag = 1
export const longFlag = 2
export const commandFlag = 4

/** Of a header: flags, and the length in one byte or in eight. */
export const shortHeaderBytes = 2
export const longHeaderBytes = 9

const short = (flags: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from([flags, body.length]), body])

const withLength = (text: string): Buffer => {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}

/** What the publisher says first: who it is. */
export const helloBody = (password: string): Buffer =>
  Buffer.concat(['HELLO', foreignUser, password].map(withLength))

/** All that a publisher says until messages may come from it: what the inbound proxy does, for tests. */
export const publisherHandshake = (password: string): Buffer =>
  Buffer.concat([
    greeting(),
    short(commandFlag, helloBody(password)),
    short(commandFlag, socketType('INITIATE', 'XPUB')),
  ])

/** The answer to who has the password. */
export const welcomeCommand = (): Buffer => short(commandFlag, withLength('WELCOME'))

/** The end of the handshake: what kind of socket this is. */
export const readyCommand = (): Buffer => short(commandFlag, socketType('READY', 'SUB'))

function socketType(command: string, type: string): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(type.length)
  return Buffer.concat([withLength(command), withLength('Socket-Type'), size, Buffer.from(type)])
}

export const subscribeMessage = (prefix: string): Buffer => short(0, Buffer.from(`\x01${prefix}`))
export const unsubscribeMessage = (prefix: string): Buffer => short(0, Buffer.from(`\x00${prefix}`))

/** A message of one frame, its topic and what is said. */
export function oneFrame(topic: Buffer, said: Buffer): Buffer {
  const size = topic.length + said.length
  const isLong = size > 0xff
  const header = Buffer.alloc(isLong ? longHeaderBytes : shortHeaderBytes)
  if (isLong) header.writeBigUInt64BE(BigInt(size), 1)
  else header[1] = size
  header[0] = isLong ? longFlag : 0
  return Buffer.concat([header, topic, said])
}

/** A message that is taken has its topic and its JSON in one frame, or in two. */
export const maxFrames = 2

/** Where the body of the frame at `at` begins; its header is there whole. */
export const bodyOf = (bytes: Buffer, at: number): number =>
  at + (((bytes[at] ?? 0) & longFlag) === 0 ? shortHeaderBytes : longHeaderBytes)

/** How long that body is. */
export function sizeOf(bytes: Buffer, at: number): number {
  if (((bytes[at] ?? 0) & longFlag) === 0) return bytes[at + 1] ?? 0
  return Number(bytes.readBigUInt64BE(at + 1))
}

/**
 * Where the message that begins at `at` ends, if all of it is there and it is one that is taken: of at most
 * `maxFrames` frames and `most` bytes with their headers. 0: it has to be looked at more closely.
 */
export function endOfMessage(bytes: Buffer, at: number, most: number): number {
  let end = at
  for (let frames = 0; frames < maxFrames; frames++) {
    const flags = bytes[end]
    if (flags === undefined || (flags & commandFlag) !== 0) return 0
    if ((flags & longFlag) === 0) end += shortHeaderBytes + (bytes[end + 1] ?? Infinity)
    else if (end + longHeaderBytes > bytes.length || bytes.readUInt32BE(end + 1) !== 0) return 0
    else end += longHeaderBytes + bytes.readUInt32BE(end + 5)
    if (end > bytes.length || end - at > most) return 0
    if ((flags & moreFlag) === 0) return end
  }
  return 0
}
