import type { RowUpdate } from '../../src/wire/rows/row-update.ts'
import type { Dice } from './dice.ts'
import { fieldName, hostileNames } from './names.ts'

const numbers = [0, -0, 1, -1, 0.1, 1e308, 5e-324, 2 ** 53, NaN, Infinity, -Infinity]
const integers = [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]

/** JSON of any shape, `levels` deep at most. */
export function jsonValue(dice: Dice, levels: number): unknown {
  switch (dice.below(levels > 0 ? 7 : 5)) {
    case 0:
      return null
    case 1:
      return dice.chance(0.5)
    case 2:
      return dice.pick([0, 1, -1, 1e15, 1e21, 0.5, 2 ** 53])
    case 3:
      return dice.pick(hostileNames)
    case 4:
      return 'x'.repeat(dice.few(40))
    case 5:
      return dice.many(dice.few(4), () => jsonValue(dice, levels - 1))
    default:
      return JSON.parse(
        `{${dice.many(dice.few(4), () => `${JSON.stringify(fieldName(dice))}:${JSON.stringify(jsonValue(dice, levels - 1))}`).join(',')}}`,
      )
  }
}

const longTexts = [40, 300, 70_000]

function text(dice: Dice): string {
  const roll = dice.random()
  if (roll < 0.6) return dice.pick(['BUY', 'SELL', '', 'T1', 'open'])
  if (roll < 0.8) return `T${dice.below(100_000)}`
  if (roll < 0.9) return dice.pick(['山', '\ud800', 'é', 'a\u2028b', '💥', ...hostileNames])
  const length = dice.pick(dice.chance(0.02) ? longTexts : [13, 12, 255, 256])
  return dice.pick(['x', 'é', '山']).repeat(length)
}

type MakeValue = (dice: Dice) => unknown

const makers: readonly MakeValue[] = [
  (dice) => (dice.chance(0.7) ? dice.random() * 1000 : dice.pick(numbers)),
  (dice) => (dice.chance(0.7) ? BigInt(dice.below(1e9)) : dice.pick(integers)),
  text,
  (dice) => dice.chance(0.5),
  (dice) => new Date(dice.chance(0.9) ? dice.below(2 ** 31) * 1000 : NaN),
  (dice) => new Uint8Array(dice.bytes(dice.few(20))),
  (dice) => jsonValue(dice, 3),
  () => null,
]

/** Records of one table: the same fields, most of one type, some absent, null or of another type. */
export function recordMaker(dice: Dice): () => object {
  const names = [
    ...new Set(dice.many(dice.chance(0.03) ? 600 : 1 + dice.few(12), () => fieldName(dice))),
  ]
  if (names.length > 20) names.push(...dice.many(dice.below(600), (index) => `F${index}`))
  const columns = names.map((name) => ({ name, make: dice.pick(makers) }))
  const strays = dice.chance(0.2) ? 0.05 : 0
  const holes = dice.chance(0.4) ? 0.2 : 0
  return () => {
    const record = {}
    for (const { name, make } of columns) {
      if (dice.random() < holes) continue
      const value = dice.random() < strays ? dice.pick(makers)(dice) : make(dice)
      Object.defineProperty(record, name, {
        value: name === 'toJSON' && typeof value === 'function' ? null : value,
        enumerable: true,
        writable: true,
        configurable: true,
      })
    }
    return record
  }
}

export function updateMaker(dice: Dice): () => RowUpdate {
  const record = recordMaker(dice)
  const befores = dice.chance(0.3) ? 0.5 : 0
  const versions = dice.chance(0.3) ? 0.7 : 0
  return () => ({
    kind: dice.pick(['insert', 'modify', 'delete']),
    record: record(),
    before: dice.random() < befores ? record() : undefined,
    version: dice.random() < versions ? BigInt(dice.below(1e6)) : undefined,
  })
}
