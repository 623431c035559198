import { type Socket, connect } from 'node:net'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { liveHeapBytes } from '../../test/harness/live-heap.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { decodeForeign } from '../wire/frames/foreign.ts'
import { intakeLimits } from './intake-limits.ts'
import { Intake, type IntakeQueue } from './intake.ts'
import { MessageRun } from './message-run.ts'
import { WaitingMessages } from './waiting-messages.ts'
import { ZmtpReader } from './zmtp-reader.ts'
import { publisherHandshake } from './zmtp.ts'

const messages = 400_000

/** As a program publishes them that does not pause: of two tables in turn. */
function flood(count: number): Buffer {
  const parts: Buffer[] = []
  for (let n = 0; n < count; n++) {
    const table = n % 2 === 0 ? 'TRADE' : 'POSITION'
    const text = `update/${table}/{"kind":"insert","record":{"TRADE_ID":"T${n}","PRICE":10.5}}`
    parts.push(Buffer.from([0, text.length]), Buffer.from(text))
  }
  return Buffer.concat(parts)
}

const bytes = flood(messages)
const subscription = '\x01update/'

let intake: Intake
let told: number
let turns: number[]
let published: number
let lost: number
let socket: Socket

/** Each look at it is a tenth of a millisecond: a turn may look so often, whatever the machine does. */
const looksPerTurn = 10 * intakeLimits.turnMs
let looks = 0
const clock: Clock = {
  ...systemClock,
  now: () => ++looks / 10,
  endOfTurn: (run) =>
    systemClock.endOfTurn(() => {
      const before = published + lost
      run()
      turns.push(published + lost - before)
    }),
}

const queue: IntakeQueue = {
  publish: () => published++,
  loseCommits: (_table, count) => void (lost += count),
}

async function open(waitingBytes: number): Promise<void> {
  intake = await Intake.open({
    clock,
    waitingBytes,
    refused: (_table, _reason, count) => (told += count),
    warn: () => undefined,
  })
  const { endpoint, password } = await intake.foreignAt()
  const { port } = new URL(endpoint)
  socket = connect(Number(port), '127.0.0.1')
  onTestFinished(async () => {
    socket.destroy()
    await intake.close()
  })
  let heard = ''
  socket.on('data', (piece: Buffer) => (heard += piece.latin1Slice()))
  socket.write(publisherHandshake(password))
  await expect.poll(() => heard).toContain(subscription)
}

beforeEach(() => {
  ;[told, published, lost, turns] = [0, 0, 0, []]
})

it('W5: a flood takes little more memory than its bytes while it waits, and is read in short turns', async () => {
  await open(intakeLimits.waitingBytes)
  const before = liveHeapBytes()
  socket.write(bytes)
  await expect.poll(() => intake.waitingBytes).toBeGreaterThan(bytes.length)
  const taken = liveHeapBytes() - before
  expect(taken).toBeLessThan(1.25 * bytes.length)
  expect(taken).toBeLessThan(1.1 * intake.waitingBytes)
  intake.leadTo(queue)
  await expect.poll(() => published).toBe(messages)
  expect(Math.max(...turns)).toBeLessThanOrEqual(looksPerTurn)
  expect([told, lost, intake.waitingBytes]).toEqual([0, 0, 0])
})

it('W5: of a flood beyond what may wait the operator learns while it goes on, and each message is told once', async () => {
  await open(4 * 1024 * 1024)
  socket.write(bytes)
  await expect.poll(() => told).toBeGreaterThan(300_000)
  expect(published + lost).toBe(0)
  intake.leadTo(queue)
  await expect.poll(() => published + lost).toBe(messages)
  expect(lost).toBe(told)
  expect(intake.overrun).toBe(lost)
})

const password = 'not to be guessed'

/** Of one connection that has begun; at most so many bytes may wait. */
function readerOf(most: number) {
  const nothing = (): undefined => undefined
  const waiting = new WaitingMessages(most, nothing)
  const reader = new ZmtpReader(
    { maxMessageBytes: intakeLimits.messageBytes, maxFrameBytes: 16 * 1024 * 1024, password },
    {
      welcome: nothing,
      ready: nothing,
      messages: (run, count) => waiting.push(run, count),
      refused: nothing,
    },
  )
  reader.take(publisherHandshake(password))
  return { reader, waiting }
}

it.each([1_000, 5_000, 8_192, 60_000])(
  'W5: in pieces of %i bytes, each with parts of messages at its ends, what waits is not much more than came',
  (size) => {
    const { reader, waiting } = readerOf(Infinity)
    const json = `{"kind":"insert","record":{"TEXT":"${'x'.repeat(900)}"}}`
    const message = Buffer.from(`\x02${'\0'.repeat(8)}update/TRADE/${json}`)
    message.writeUInt32BE(message.length - 9, 5)
    const came = Buffer.alloc(4_000 * message.length, message)
    for (let at = 0; at < came.length; at += size)
      reader.take(Buffer.from(came.subarray(at, at + size)))
    expect(waiting.bytes).toBeLessThan(1.5 * came.length)
  },
)

/** How many views of bytes a work makes, and how many bytes of text. */
function effortOf(work: () => void) {
  const effort = { views: 0, textBytes: 0 }
  const { prototype } = Buffer
  const { subarray, latin1Slice, utf8Slice, toString } = prototype
  const counted = (slice: typeof latin1Slice) =>
    function text(this: Buffer, from = 0, to = this.length): string {
      effort.textBytes += to - from
      return slice.call(this, from, to)
    }
  prototype.subarray = function view(this: Buffer, from?: number, to?: number) {
    effort.views += 1
    return subarray.call(this, from, to)
  }
  prototype.latin1Slice = counted(latin1Slice)
  prototype.utf8Slice = counted(utf8Slice)
  prototype.toString = function text(
    this: Buffer,
    encoding?: BufferEncoding,
    from = 0,
    to = this.length,
  ) {
    effort.textBytes += to - from
    return toString.call(this, encoding, from, to)
  }
  try {
    work()
  } finally {
    Object.assign(prototype, { subarray, latin1Slice, utf8Slice, toString })
  }
  return effort
}

it('to take a message is no work of its own, and to let it go only to look at its topic', () => {
  const count = 10_000
  const part = flood(count)
  const pieces = Math.ceil(part.length / 65_536)
  const take = (most: number) => {
    const { reader } = readerOf(most)
    return effortOf(() => {
      for (let at = 0; at < part.length; at += 65_536)
        reader.take(Buffer.from(part.subarray(at, at + 65_536)))
    })
  }
  const reading = effortOf(() => {
    const run = new MessageRun(part, count)
    while (run.left > 0) decodeForeign(run.shift())
  })
  expect(reading.views).toBeGreaterThan(count)
  expect(reading.textBytes).toBeGreaterThan(part.length / 2)
  const taking = take(Infinity)
  expect(taking.views).toBeLessThan(10 * pieces)
  expect(taking.textBytes).toBe(0)
  const dropping = take(0)
  expect(dropping.views).toBeLessThan(3 * count)
  expect(dropping.textBytes).toBeLessThanOrEqual('update/POSITION/'.length * count)
})
