import { describe, expect, it } from 'vitest'
import { liveHeapBytes } from '../../test/harness/live-heap.ts'
import { seededRandom } from '../base/random.ts'
import { MessageRun } from './message-run.ts'
import { ZmtpReader } from './zmtp-reader.ts'
import { greeting, publisherHandshake } from './zmtp.ts'

const maxMessageBytes = 100_000
const maxFrameBytes = 200_000

const header = (flags: number, size: number): Buffer => {
  if (size < 256) return Buffer.from([flags, size])
  const bytes = Buffer.alloc(9)
  bytes[0] = flags | 2
  bytes.writeBigUInt64BE(BigInt(size), 1)
  return bytes
}
const frame = (flags: number, body: Buffer): Buffer =>
  Buffer.concat([header(flags, body.length), body])
const message = (...frames: string[]): Buffer =>
  Buffer.concat(
    frames.map((text, n) => frame(n < frames.length - 1 ? 1 : 0, Buffer.from(text, 'latin1'))),
  )
const password = 'not to be guessed'
const begin = publisherHandshake(password)
const hello = `\x05HELLO\x07tidings${String.fromCharCode(password.length)}${password}`
const command = (body: string): Buffer => frame(4, Buffer.from(body, 'latin1'))

type Came = string[] | { head: string; reason: string }

/** What came of it, in order, and why the connection was given up; `pieces`: in what it comes. */
function read(pieces: Iterable<Buffer>) {
  const came: Came[] = []
  let ready = 0
  const reader = new ZmtpReader(
    { maxMessageBytes, maxFrameBytes, password },
    {
      welcome: () => undefined,
      ready: () => ready++,
      messages: (bytes, count) => {
        const run = new MessageRun(bytes, count)
        while (run.left > 0) came.push(run.shift().map((each) => each.toString('latin1')))
      },
      refused: (head, reason) => came.push({ head: head.toString('latin1'), reason }),
    },
  )
  let end: string | null = null
  let mostHeld = 0
  for (const piece of pieces) {
    end ??= reader.take(piece)
    mostHeld = Math.max(mostHeld, reader.heldBytes)
  }
  return { came, ready, end, mostHeld }
}

function* inPieces(bytes: Buffer, size: () => number): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const end = at + size()
    yield bytes.subarray(at, end)
    at = end
  }
}

const random = seededRandom(3)
const sizes = [() => 1, () => Infinity, () => 1 + Math.floor(random() * 300)]

describe('a connection from a publisher', () => {
  it('W5: is read whatever the pieces in which it comes', () => {
    const texts = [['a'], ['update/T/', '{}'], ['x'.repeat(255)], ['y'.repeat(70_000)], [''], ['z']]
    const bytes = Buffer.concat([begin, ...texts.map((each) => message(...each))])
    for (const size of sizes)
      expect(read(inPieces(bytes, size))).toMatchObject({ came: texts, ready: 1, end: null })
  })

  it('W5: goes on behind a message of too many frames or bytes, which is told in its place by its topic', () => {
    const large = 'x'.repeat(60_000)
    const bytes = Buffer.concat([
      begin,
      message('update/A/1'),
      message('update/B/', 'b', 'c', 'd'),
      message('update/A/2'),
      message('update/C/', large, large, large),
      message(`update/D/${large}`, large),
      message(`update/E/${large}${large}`),
      message('', '', ''),
      message('update/A/3'),
    ])
    for (const size of sizes) {
      const { came, end, mostHeld } = read(inPieces(bytes, size))
      const heads = came.map((each) =>
        Array.isArray(each) ? each.join() : `${each.reason} ${each.head.slice(0, 9)}`,
      )
      expect(heads).toEqual([
        'update/A/1',
        'bad-frames update/B/',
        'update/A/2',
        'too-large update/C/',
        'too-large update/D/',
        'too-large update/E/',
        'bad-frames ',
        'update/A/3',
      ])
      expect(end).toBeNull()
      expect(mostHeld).toBeLessThanOrEqual(2 * maxMessageBytes)
    }
  })

  it('W5: goes on through commands, also between frames', () => {
    const ping = frame(4, Buffer.from('\x04PING\0\0'))
    const long = frame(4, Buffer.from(`\x04OTHER${'x'.repeat(5000)}`))
    const [one, other] = [frame(1, Buffer.from('a')), frame(0, Buffer.from('b'))]
    const bytes = Buffer.concat([
      begin,
      ping,
      one,
      long,
      other,
      command('\x08INITIATE'),
      message('c'),
    ])
    for (const size of sizes)
      expect(read(inPieces(bytes, size))).toMatchObject({
        came: [['a', 'b'], ['c']],
        ready: 1,
        end: null,
      })
  })

  it.each([
    ['greeting', [Buffer.from('GET / HTTP/1.1\r\n'.repeat(10))], /does not begin as ZMTP/],
    ['mechanism', [Buffer.from(greeting().fill('CURVE', 12, 17))], /does not begin as ZMTP/],
    ['frame too large', [begin, header(0, maxFrameBytes + 1)], /a frame of 200001 bytes/],
    ['frame that cannot be', [begin, Buffer.from('02ffffffffffffffff', 'hex')], /a frame of 1844/],
    ['message before INITIATE', [greeting(), message('a')], /before INITIATE/],
    ['ERROR', [begin, frame(4, Buffer.from('\x05ERROR\x02no'))], /said ERROR/],
  ])('W4: is given up for its %s', (_, parts, why) => {
    const bytes = Buffer.concat([...parts, message('behind it')])
    for (const size of sizes)
      expect(read(inPieces(bytes, size))).toMatchObject({
        came: [],
        end: expect.stringMatching(why) as string,
      })
  })

  it.each([
    ['another', publisherHandshake('guessed')],
    ['none', Buffer.concat([greeting(), command('\x08INITIATE')])],
    ['one with more behind it', Buffer.concat([greeting(), command(`${hello}x`)])],
  ])('Z7: is put out where it does not know the password: it says %s', (_, bytes) => {
    for (const size of sizes)
      expect(read(inPieces(Buffer.concat([bytes, message('a')]), size))).toMatchObject({
        came: [],
        ready: 0,
        end: expect.stringMatching(/does not know the password/) as string,
      })
  })

  it('W4: takes no memory for what is only promised, and no more than a message for one that trickles', () => {
    const open: ZmtpReader[] = []
    const before = liveHeapBytes()
    for (let n = 0; n < 100; n++) {
      const nothing = () => undefined
      const handlers = { welcome: nothing, ready: nothing, messages: nothing, refused: nothing }
      const reader = new ZmtpReader({ maxMessageBytes, maxFrameBytes, password }, handlers)
      open.push(reader)
      for (const piece of [begin, header(0, maxMessageBytes - 9)]) reader.take(piece)
      if (n > 0) continue
      for (let at = 0; at < 90_000; at++) reader.take(Buffer.from('x'))
    }
    expect(liveHeapBytes() - before).toBeLessThan(100 * 2_000 + 3 * maxMessageBytes)
    expect(open).toHaveLength(100)
  })
})
