import { expect, it } from 'vitest'
import { seededRandom } from '../../../base/random.ts'
import { Fragmenter, isFragment, Reassembly } from './fragments.ts'

const sender = '0123456789abcdef0123456789abcdef'
const most = 1_200
const topic = 'genesis/database/TRADE'

function payload(bytes: number): Buffer {
  const random = seededRandom(bytes)
  return Buffer.from(Uint8Array.from({ length: bytes }, () => random() * 256))
}

const piecesOf = (whole: Buffer, fragmenter = new Fragmenter(sender)): Buffer[] =>
  fragmenter.split(whole, most).map((piece) => Buffer.from(piece))

/** What comes whole of these pieces, in their order. */
function put(pieces: readonly Buffer[], reassembly = new Reassembly()): Buffer[] {
  return pieces.flatMap((piece) => reassembly.take(topic, piece) ?? [])
}

it('Q1: a message that fits its packet travels as it is', () => {
  const whole = payload(most)
  expect(new Fragmenter(sender).split(whole, most)).toEqual([whole])
})

it.each([most + 1, 10 * most, 1_000_000])(
  'Q1: one of %i bytes travels in pieces that fit',
  (bytes) => {
    const whole = payload(bytes)
    const pieces = piecesOf(whole)
    expect(pieces.every((piece) => isFragment(piece) && piece.length <= most)).toBe(true)
    expect(put(pieces)).toEqual([whole])
  },
)

it('Q1: a message of which a piece is missing is lost, and the next is not', () => {
  const fragmenter = new Fragmenter(sender)
  const [first, second] = [payload(5_000), payload(6_000)]
  const pieces = [piecesOf(first, fragmenter), piecesOf(second, fragmenter)] as const
  for (const missing of pieces[0].keys()) {
    const rest = pieces[0].filter((_, place) => place !== missing)
    // One that comes twice does not stand for it.
    const came = [...rest, ...rest.slice(-1), ...pieces[1]]
    expect(put(came)).toEqual([second])
  }
})

it('Q1: a piece that QoS 1 brings twice does no harm', () => {
  const whole = payload(5_000)
  expect(put(piecesOf(whole).flatMap((piece) => [piece, piece]))).toEqual([whole])
})

it('Q1: pieces of senders that died are let go of within bounds', () => {
  const reassembly = new Reassembly()
  const large = Buffer.alloc(1024 * 1024)
  for (let number = 0; number < 100; number++) {
    const other = new Fragmenter(number.toString(16).padStart(32, '0'))
    const [first = large] = other.split(Buffer.alloc(3 * 1024 * 1024), large.length)
    reassembly.take(topic, Buffer.from(first))
  }
  expect(reassembly.heldBytes).toBeLessThanOrEqual(64 * 1024 * 1024)
})

it('Q1: packets that are too small for pieces carry nothing', () => {
  expect(new Fragmenter(sender).split(payload(2_000), 500)).toEqual([])
})
