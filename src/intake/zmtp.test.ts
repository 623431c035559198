import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { greeting, readyCommand, ZmtpReader } from './zmtp.ts'

const maxBytes = 100_000
const frame = (flags: number, body: Buffer): Buffer => {
  if (body.length < 256) return Buffer.concat([Buffer.from([flags, body.length]), body])
  const size = Buffer.alloc(8)
  size.writeBigUInt64BE(BigInt(body.length))
  return Buffer.concat([Buffer.from([flags | 2]), size, body])
}
const message = (...frames: string[]): Buffer =>
  Buffer.concat(
    frames.map((text, n) => frame(n < frames.length - 1 ? 1 : 0, Buffer.from(text, 'latin1'))),
  )
const begin = Buffer.concat([greeting(), readyCommand()])

/** Messages read, and whether the connection is still taken; `pieces`: in what it comes. */
function read(pieces: Iterable<Buffer>) {
  const messages: string[][] = []
  let ready = 0
  const reader = new ZmtpReader(maxBytes, {
    ready: () => ready++,
    message: (frames) => messages.push(frames.map((each) => each.toString('latin1'))),
  })
  let isTaken = true
  for (const piece of pieces) isTaken &&= reader.take(piece)
  return { messages, ready, isTaken, held: reader.heldBytes }
}

function* inPieces(bytes: Buffer, size: () => number): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const end = at + size()
    yield bytes.subarray(at, end)
    at = end
  }
}

describe('a connection from a publisher', () => {
  const texts = [['a'], ['update/T/', '{}'], ['x'.repeat(255)], ['y'.repeat(70_000)], [''], ['z']]
  const bytes = Buffer.concat([begin, ...texts.map((each) => message(...each))])

  it('W5: is read whatever the pieces in which it comes', () => {
    const random = seededRandom(3)
    const sizes = [() => 1, () => bytes.length, () => 1 + Math.floor(random() * 300)]
    for (const size of sizes)
      expect(read(inPieces(bytes, size))).toEqual({
        messages: texts,
        ready: 1,
        isTaken: true,
        held: 0,
      })
  })

  it('W4: is given up where it is none, or says more than is taken', () => {
    const other = Buffer.from('GET / HTTP/1.1\r\n'.repeat(10))
    const curve = greeting()
    curve.write('CURVE', 12)
    const huge = Buffer.from([2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
    const late = [greeting(), message('before READY')]
    const error = [begin, frame(4, Buffer.from('\x05ERROR'))]
    const large = [begin, message('x'.repeat(60_000), 'y'.repeat(60_000))]
    const many = [begin, message('a', 'b', 'c', 'd')]
    for (const pieces of [[other], [curve], [begin, huge], late, error, large, many])
      expect(read(pieces)).toMatchObject({ messages: [], isTaken: false })
  })

  it('W4: 20,000 damaged ones are taken or given up, in bounded memory', () => {
    const random = seededRandom(11)
    const short = Buffer.concat([begin, message('update/T/{}'), message('a', 'b')])
    let taken = 0
    for (let n = 0; n < 20_000; n++) {
      const damaged = Buffer.from(short)
      for (let times = 1 + Math.floor(random() * 3); times > 0; times--)
        damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256)
      const outcome = read(inPieces(damaged, () => 1 + Math.floor(random() * 40)))
      expect(outcome.held).toBeLessThanOrEqual(2 * maxBytes)
      if (outcome.isTaken) taken++
    }
    expect(taken).toBeGreaterThan(1000)
    expect(taken).toBeLessThan(19_000)
  })
})
