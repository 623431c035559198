import type { Dice } from './dice.ts'
import { hostileNames } from './names.ts'
import type { Span } from './spans.ts'

const extremes = {
  u8: [0, 1, 2, 3, 7, 11, 12, 0x7f, 0x80, 0xff],
  u16: [0, 1, 512, 513, 0x7fff, 0x8000, 0xfffe, 0xffff],
  u32: [0, 1, 2, 0xffff, 0x10000, 4 << 20, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff],
}

const doubles = [0, -0, 1.5, -1, NaN, Infinity, -Infinity, 5e-324, 2 ** 53, 1e308]

const whole = [0, 1, 2, 127, 128, 255, 256, 1024, 1025, 16383, 16384, 65_536, 65_537]
const large = [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52, 2 ** 53 - 2, 2 ** 53 - 1]

/** Varints at their limits: longer than they need be, beyond 2^53, without an end. */
const oddVarints = [
  '8000',
  '808000',
  'ffffffffffffff0f',
  'ffffffffffffff10',
  'ffffffffffffffff',
  '80',
  '80808080808080808001',
].map((hex) => Buffer.from(hex, 'hex'))

export function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  bytes.push(rest)
  return Buffer.from(bytes)
}

export function fixed(type: 'u8' | 'u16' | 'u32', value: number, isBigEndian: boolean): Buffer {
  const bytes = Buffer.alloc({ u8: 1, u16: 2, u32: 4 }[type])
  if (isBigEndian) bytes.writeUIntBE(value, 0, bytes.length)
  else bytes.writeUIntLE(value, 0, bytes.length)
  return bytes
}

/** The greatest value that a field can hold. */
export function largest(span: Span): Buffer {
  if (span.type === 'varint') return varint(2 ** 53 - 1)
  return Buffer.alloc(span.end - span.at, 0xff)
}

/** Another value for a field, of its own type: at a limit, next to its own, or malformed. */
export function otherValue(dice: Dice, bytes: Buffer, span: Span, isBigEndian = false): Buffer {
  const { at, end, type } = span
  switch (type) {
    case 'varint': {
      const roll = dice.random()
      if (roll < 0.15) return dice.pick(oddVarints)
      if (roll < 0.4) return varint(dice.pick(whole))
      if (roll < 0.6) return varint(dice.pick(large))
      const last = (bytes[end - 1] as number) + dice.pick([1, -1, 2])
      const near = Buffer.from(bytes.subarray(at, end))
      near[near.length - 1] = last & 0x7f
      return near
    }
    case 'f64': {
      const double = Buffer.alloc(8)
      double.writeDoubleLE(dice.pick(doubles))
      return double
    }
    case 'bytes': {
      if (end - at === 16 || dice.chance(0.3)) return dice.bytes(end - at)
      const name = Buffer.from(dice.pick(hostileNames))
      return dice.chance(0.5)
        ? name
        : Buffer.concat([name, Buffer.alloc(end - at)]).subarray(0, end - at)
    }
    default: {
      if (dice.chance(0.6)) return fixed(type, dice.pick(extremes[type]), isBigEndian)
      const value = isBigEndian ? bytes.readUIntBE(at, end - at) : bytes.readUIntLE(at, end - at)
      const most = 256 ** (end - at)
      return fixed(type, (value + dice.pick([1, -1, 8]) + most) % most, isBigEndian)
    }
  }
}

const cut = (bytes: Buffer, from: number, to: number, put: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(to)])

/** One change of fields: another value; or fields left out, doubled, swapped; or cut off there. */
export function mutateSpans(
  dice: Dice,
  bytes: Buffer,
  spans: readonly Span[],
  isBigEndian = false,
): Buffer {
  const span = spans[dice.below(spans.length)]
  if (span === undefined) return bytes
  const { at, end } = span
  const roll = dice.random()
  if (roll < 0.7) return cut(bytes, at, end, otherValue(dice, bytes, span, isBigEndian))
  const until = spans[Math.min(spans.length - 1, spans.indexOf(span) + dice.few(5))]?.end ?? end
  const piece = bytes.subarray(at, until)
  if (roll < 0.78) return cut(bytes, at, until, Buffer.alloc(0))
  if (roll < 0.86) return cut(bytes, at, at, piece)
  if (roll < 0.92) return bytes.subarray(0, dice.chance(0.5) ? at : end)
  const other = dice.pick(spans)
  return cut(bytes, at, end, bytes.subarray(other.at, other.end))
}
