/**
 * Messages of ZRE, the ZeroMQ Realtime Exchange Protocol (RFC 36,
 * https://rfc.zeromq.org/spec/36/), version 2. Numbers are in network byte order.
 *
 *   message   = signature id version sequence body
 *   signature = %xAA %xA1
 *   HELLO     = %d1: endpoint groups status name headers
 *   WHISPER   = %d2: (content in the frames that follow)
 *   SHOUT     = %d3: group (content in the frames that follow)
 *   JOIN      = %d4: group status
 *   LEAVE     = %d5: group status
 *   PING      = %d6, PING-OK = %d7: nothing
 *   string    = 1 octet of length, bytes;  long string = 4 octets of length, bytes
 *   groups    = 4 octets of count, long strings
 *   headers   = 4 octets of count, pairs of string and long string
 */

const signature = 0xaaa1
const zreVersion = 2

/** Octets of a HELLO that is read at most: some dozen headers and groups. */
export const maxZreFrameBytes = 64 * 1024

export interface Hello {
  readonly type: 'hello'
  readonly sequence: number
  /** Where the sender's ROUTER is bound, `tcp://host:port`. */
  readonly endpoint: string
  readonly groups: readonly string[]
  readonly status: number
  readonly name: string
  readonly headers: ReadonlyMap<string, string>
}

export type ZreMessage =
  | Hello
  | { readonly type: 'whisper'; readonly sequence: number }
  | { readonly type: 'shout'; readonly sequence: number; readonly group: string }
  | {
      readonly type: 'join' | 'leave'
      readonly sequence: number
      readonly group: string
      readonly status: number
    }
  | { readonly type: 'ping' | 'ping-ok'; readonly sequence: number }

const ids = ['hello', 'whisper', 'shout', 'join', 'leave', 'ping', 'ping-ok'] as const

/** The first frame of a message; `sequence` is cyclic, 0 to 65535. */
export function encodeZre(message: ZreMessage): Uint8Array {
  const head = Buffer.alloc(6)
  head.writeUInt16BE(signature, 0)
  head.writeUInt8(ids.indexOf(message.type) + 1, 2)
  head.writeUInt8(zreVersion, 3)
  head.writeUInt16BE(message.sequence & 0xffff, 4)
  return Buffer.concat([head, ...body(message)])
}

function body(message: ZreMessage): Buffer[] {
  switch (message.type) {
    case 'hello':
      return [
        shortString(message.endpoint),
        number4(message.groups.length),
        ...message.groups.map(longString),
        Buffer.of(message.status),
        shortString(message.name),
        number4(message.headers.size),
        ...[...message.headers].flatMap(([key, value]) => [shortString(key), longString(value)]),
      ]
    case 'shout':
      return [shortString(message.group)]
    case 'join':
    case 'leave':
      return [shortString(message.group), Buffer.of(message.status)]
    default:
      return []
  }
}

function number4(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Cut to the 255 octets that the format has room for. */
function shortString(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8').subarray(0, 255)
  return Buffer.concat([Buffer.of(bytes.length), bytes])
}

function longString(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8')
  return Buffer.concat([number4(bytes.length), bytes])
}

/** Any bytes give a message or null. Octets after the message are refused. */
export function decodeZre(frame: Uint8Array): ZreMessage | null {
  if (frame.length > maxZreFrameBytes) return null
  const reader = new Reader(frame)
  if (reader.number(2) !== signature) return null
  const type = ids[reader.number(1) - 1]
  if (type === undefined || reader.number(1) !== zreVersion) return null
  const message = readBody(reader, type, reader.number(2))
  return reader.done ? message : null
}

function readBody(reader: Reader, type: (typeof ids)[number], sequence: number): ZreMessage {
  switch (type) {
    case 'hello':
      return {
        type,
        sequence,
        endpoint: reader.text(1),
        groups: reader.list(4, () => reader.text(4)),
        status: reader.number(1),
        name: reader.text(1),
        headers: new Map(reader.list(5, () => [reader.text(1), reader.text(4)] as const)),
      }
    case 'shout':
      return { type, sequence, group: reader.text(1) }
    case 'join':
    case 'leave':
      return { type, sequence, group: reader.text(1), status: reader.number(1) }
    default:
      return { type, sequence }
  }
}

/** Reads forward; past the end everything is empty and `done` stays false. */
class Reader {
  readonly #bytes: Buffer
  #place = 0
  #failed = false

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Everything was there, and nothing is left. */
  get done(): boolean {
    return !this.#failed && this.#place === this.#bytes.length
  }

  number(octets: number): number {
    if (!this.#has(octets)) return 0
    const value = this.#bytes.readUIntBE(this.#place, octets)
    this.#place += octets
    return value
  }

  /** A string with its length in `octets` octets. */
  text(octets: number): string {
    const length = this.number(octets)
    if (!this.#has(length)) return ''
    const value = this.#bytes.toString('utf8', this.#place, this.#place + length)
    this.#place += length
    return value
  }

  /** A count of 4 octets, then items of at least `leastOctets` each: checked before any is made. */
  list<T>(leastOctets: number, item: () => T): T[] {
    const count = this.number(4)
    if (!this.#has(count * leastOctets)) return []
    const items: T[] = []
    while (items.length < count && !this.#failed) items.push(item())
    return items
  }

  #has(octets: number): boolean {
    if (this.#failed || this.#place + octets > this.#bytes.length) this.#failed = true
    return !this.#failed
  }
}

/** The first octet of a ZRE routing id; 16 octets of the node's UUID follow. */
const zreIdentityPrefix = 1

/** The UUID in hexadecimal, or null where it is no ZRE identity. */
export function zreUuid(identity: Uint8Array): string | null {
  if (identity.length !== 17 || identity[0] !== zreIdentityPrefix) return null
  return Buffer.from(identity.subarray(1)).toString('hex')
}

export function zreIdentity(uuid: string): Buffer {
  return Buffer.concat([Buffer.of(zreIdentityPrefix), Buffer.from(uuid, 'hex')])
}
