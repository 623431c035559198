import type { Dice } from './dice.ts'

const extremeBytes = [0, 1, 0x7f, 0x80, 0xff, 0x22, 0x5c, 0x7b]
const extremeWords = [0, 1, 7, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff]

/** One change of bytes that knows nothing of their meaning. `other`: another entry, to splice with. */
export function mutateBytes(dice: Dice, bytes: Buffer, other: Buffer): Buffer {
  const at = dice.below(bytes.length + 1)
  const copy = Buffer.from(bytes)
  switch (dice.below(9)) {
    case 0:
      if (at < copy.length) copy[at] = (copy[at] as number) ^ (1 << dice.below(8))
      return copy
    case 1:
      if (at < copy.length) copy[at] = dice.pick(extremeBytes)
      return copy
    case 2:
      if (at + 4 <= copy.length) copy.writeUInt32LE(dice.pick(extremeWords), at)
      return copy
    case 3:
      return copy.subarray(0, at)
    case 4:
      return Buffer.concat([copy.subarray(0, at), other.subarray(dice.below(other.length + 1))])
    case 5:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(dice.below(copy.length + 1))])
    case 6:
      return Buffer.concat([copy.subarray(0, at), dice.bytes(1 + dice.few(8)), copy.subarray(at)])
    case 7:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + dice.few(16))])
    default:
      return Buffer.concat([copy, Buffer.alloc(dice.few(64), dice.pick(extremeBytes))])
  }
}
