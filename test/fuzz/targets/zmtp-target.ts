import { intakeLimits } from '../../../src/intake/intake-limits.ts'
import { WaitingMessages, isGap } from '../../../src/intake/waiting-messages.ts'
import { ZmtpReader } from '../../../src/intake/zmtp-reader.ts'
import { greeting, helloBody, publisherHandshake } from '../../../src/intake/zmtp.ts'
import { decodeForeign } from '../../../src/wire/frames/foreign.ts'
import { mutateBytes } from '../byte-mutation.ts'
import type { Dice } from '../dice.ts'
import { Broken, expectSame } from '../oracle.ts'
import type { Input, Target } from '../target.ts'

/** Small, so that inputs reach them. */
const limits = { maxMessageBytes: 1_500, maxFrameBytes: 6_000, password: 'not to be guessed' }
/** Bytes that may wait: so few that some of what comes is let go, in the second of two readings. */
const fewBytes = 1_000

const moreFlag = 1
const longFlag = 2
const commandFlag = 4

function frame(dice: Dice, flags: number, body: Buffer): Buffer {
  const isLong = body.length > 255 || dice.chance(0.1)
  const header = Buffer.alloc(isLong ? 9 : 2)
  header[0] = flags | (isLong ? longFlag : 0)
  if (isLong) header.writeBigUInt64BE(BigInt(body.length), 1)
  else header[1] = body.length
  return Buffer.concat([header, body])
}

const topics = ['update/TRADE/', 'update/POSITION/', 'update/a%20b/', 'update/', 'table/TRADE/', '']

function message(dice: Dice): Buffer {
  if (dice.chance(0.05)) return frame(dice, commandFlag, Buffer.from('\x04PING\0\0'))
  const json = Buffer.from('{"kind":"insert","record":{"N":1}}'.padEnd(dice.few(700)))
  const topic = Buffer.from(dice.pick(topics))
  if (dice.chance(0.6)) return frame(dice, 0, Buffer.concat([topic, json]))
  const bodies = [topic, ...dice.many(1 + dice.few(4), () => json)]
  return Buffer.concat(
    bodies.map((body, n) => frame(dice, n < bodies.length - 1 ? moreFlag : 0, body)),
  )
}

/** Cut where chance will have it, now and then into single bytes. */
function inPieces(dice: Dice, bytes: Buffer): Input {
  const pieces: Buffer[] = []
  const most = dice.chance(0.1) ? 2 : 1 + dice.few(bytes.length)
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + dice.below(most)
    pieces.push(bytes.subarray(at, end))
    at = end
  }
  return pieces
}

/** Where the headers lie, as far as they can be followed. */
function headersOf(bytes: Buffer): number[] {
  const headers: number[] = []
  for (let at = greeting().length; at < bytes.length;) {
    headers.push(at)
    const isLong = ((bytes[at] ?? 0) & longFlag) !== 0
    if (isLong && at + 9 > bytes.length) break
    at += isLong ? 9 + Number(bytes.readBigUInt64BE(at + 1)) : 2 + (bytes[at + 1] ?? 0)
  }
  return headers
}

const lengths = [0, 1, 255, 256, 1_490, 1_500, 1_501, 6_000, 6_001, 2 ** 31, 2 ** 32, 2 ** 53 - 1]

/** Another header for a frame: other flags, or another length in one byte or in eight. */
function mutateHeader(dice: Dice, bytes: Buffer): Buffer {
  const headers = headersOf(bytes)
  const at = headers[dice.below(headers.length)]
  if (at === undefined) return bytes
  const copy = Buffer.from(bytes)
  if (dice.chance(0.4)) {
    copy[at] = (copy[at] ?? 0) ^ (1 << dice.below(8))
    return copy
  }
  const flags = (copy[at] ?? 0) | longFlag
  const header = Buffer.alloc(9, flags)
  header.writeBigUInt64BE(dice.chance(0.1) ? 2n ** 64n - 1n : BigInt(dice.pick(lengths)), 1)
  const isLong = ((copy[at] ?? 0) & longFlag) !== 0
  return Buffer.concat([copy.subarray(0, at), header, copy.subarray(at + (isLong ? 9 : 2))])
}

/** What came of messages, one after the other, and why the connection ended. */
interface Outcome {
  readonly came: readonly string[]
  readonly end: string | null
}

function read(
  pieces: Input,
  most: number,
): Outcome & { readonly told: number; readonly lost: number } {
  let told = 0
  const waiting = new WaitingMessages(most, (_table, _reason, count) => (told += count))
  const reader = new ZmtpReader(limits, {
    welcome: () => undefined,
    ready: () => undefined,
    messages: (bytes, count) => waiting.push(bytes, count),
    refused: (head, reason) => waiting.refuse(head, reason),
  })
  let end: string | null = null
  for (const piece of pieces) {
    const why = reader.take(piece)
    if (end !== null && why !== end) throw new Broken('it goes on behind its end')
    end = why
    if (reader.heldBytes > 2 * limits.maxMessageBytes + 1_024)
      throw new Broken(`${reader.heldBytes} bytes of a message are held`)
    // Of so few messages those that are told have one gap beyond what may wait.
    if (waiting.bytes > most + 3 * intakeLimits.waitingOverheadBytes)
      throw new Broken(`${waiting.bytes} bytes wait`)
  }
  const came: string[] = []
  let lost = 0
  for (let each = waiting.shift(); each; each = waiting.shift()) {
    if (!isGap(each)) came.push(outcomeOf(each))
    else
      for (const [table, count] of each.messages) {
        lost += count
        for (let n = 0; n < count; n++) came.push(`${each.reason} ${table}`)
      }
  }
  if (!waiting.isEmpty || waiting.bytes !== 0) throw new Broken('something is left, or counted')
  return { came, end, told, lost }
}

function outcomeOf(frames: readonly Buffer[]): string {
  const message = decodeForeign(frames)
  return message.kind === 'refused'
    ? `${message.reason} ${message.table}`
    : `read ${message.table} ${message.updates.length}`
}

/** The same by the plainest way: all bytes at hand, one frame after the other. */
function plainly(bytes: Buffer): Outcome {
  const came: string[] = []
  const head = greeting()
  if (bytes.length < head.length) return { came, end: null }
  const begins = [0, 9].every((at) => bytes[at] === head[at]) && (bytes[10] ?? 0) >= 3
  if (!begins || bytes.latin1Slice(12, 32).replaceAll('\0', '') !== 'PLAIN')
    return { came, end: 'greeting' }
  let isWelcome = false
  let isReady = false
  let frames: Buffer[] = []
  let size = 0
  for (let at = head.length; at < bytes.length;) {
    const flags = bytes[at] ?? 0
    const body = at + ((flags & longFlag) === 0 ? 2 : 9)
    if (body > bytes.length) return { came, end: null }
    const length =
      (flags & longFlag) === 0 ? (bytes[at + 1] ?? 0) : Number(bytes.readBigUInt64BE(at + 1))
    if (length > limits.maxFrameBytes) return { came, end: 'frame' }
    const isCommand = (flags & commandFlag) !== 0
    if (!isCommand && !isReady) return { came, end: 'before INITIATE' }
    const end = body + length
    if (end > bytes.length) return { came, end: null }
    const whole = bytes.subarray(body, end)
    if (isCommand) {
      const name = whole.subarray(1, 1 + (whole[0] ?? 0)).latin1Slice()
      if (name === 'ERROR') return { came, end: 'ERROR' }
      if (!isWelcome && !whole.equals(helloBody(limits.password))) return { came, end: 'password' }
      if (isWelcome && name === 'INITIATE') isReady = true
      isWelcome = true
    } else {
      frames.push(whole)
      size += end - at
      if ((flags & moreFlag) === 0) {
        came.push(size > limits.maxMessageBytes ? 'too-large' : outcomeOf(frames))
        frames = []
        size = 0
      }
    }
    at = end
  }
  return { came, end: null }
}

/** Of a message that is too large in one way and has too many frames the reader tells what it met first. */
const roughly = (came: readonly string[]): string[] =>
  came.map((each) => (/^(too-large|bad-frames)/.test(each) ? 'not taken' : each))

/** What the intake reads from the bus, in pieces. */
export const zmtpTarget: Target = {
  name: 'zmtp',
  weight: 6,
  valid: (dice) =>
    inPieces(
      dice,
      Buffer.concat([
        publisherHandshake(limits.password),
        ...dice.many(1 + dice.few(12), () => message(dice)),
      ]),
    ),
  mutate(dice, input, other) {
    const bytes = Buffer.concat(input)
    const changed = dice.chance(0.6)
      ? mutateHeader(dice, bytes)
      : mutateBytes(dice, bytes, Buffer.concat(other))
    return inPieces(dice, changed)
  },
  run(input) {
    const bytes = Buffer.concat(input)
    const plain = plainly(bytes)
    const all = read(input, Infinity)
    expectSame(roughly(all.came), roughly(plain.came), 'another way to read it differs')
    if ((all.end === null) !== (plain.end === null))
      throw new Broken(`ended: ${all.end}, and plainly: ${plain.end}`)
    if (all.told !== all.lost) throw new Broken(`${all.told} are told, ${all.lost} are lost`)
    const few = read(input, fewBytes)
    if (few.came.length !== all.came.length) throw new Broken('a message is neither taken nor told')
    if (few.told !== few.lost) throw new Broken(`${few.told} are told, ${few.lost} are lost`)
    if (all.end !== null) return 'ended'
    return few.lost > all.lost ? 'let go' : 'read'
  },
}
