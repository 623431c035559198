import type { Random } from '../../src/base/random.ts'
import type { UpdateKind } from '../../src/model/update.ts'
import type { RowUpdate } from '../../src/wire/rows/row-update.ts'

export const pick = <Item>(random: Random, items: readonly Item[]): Item =>
  items[Math.floor(random() * items.length)] as Item

export const strings = [
  '',
  'a',
  'EUR',
  'Zürich',
  'ÿ',
  '山田',
  '\ud800',
  'a"\\\u2028',
  'x'.repeat(40),
]
export const numbers = [0, -0, 1, -1.5, 1e300, Number.NaN, Infinity, -Infinity, 2 ** 53]
export const bigints = [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]

const makers: readonly ((random: Random) => unknown)[] = [
  (random) => pick(random, strings),
  (random) => `T${Math.floor(random() * 1e6)}`,
  (random) => pick(random, numbers),
  (random) => random() * 1e6,
  (random) => pick(random, bigints),
  (random) => random() < 0.5,
  (random) => new Date(random() < 0.1 ? Number.NaN : Math.floor(random() * 1e13)),
  (random) => Uint8Array.from({ length: Math.floor(random() * 20) }, () => random() * 256),
  (random) => ({ list: [random(), null, 'ü山'], [pick(random, strings)]: { deep: true } }),
]

const names = ['a', 'B_C', '', '7', '__proto__', 'constructor', 'toString', 'q"\\', '\u2028', 'ä山']

/** Records of a few fields, most of one type each; some come and go, some change their type. */
export function randomUpdates(random: Random, count: number): RowUpdate[] {
  const fields = Array.from({ length: 1 + Math.floor(random() * 24) }, (_, n) => ({
    name: random() < 0.2 ? pick(random, names) : `F${n}`,
    make: pick(random, makers),
    nulls: pick(random, [0, 0, 0.2, 1]),
    absents: pick(random, [0, 0, 0, 0.2]),
    changes: pick(random, [0, 0, 0, 0, 0.02]),
  }))
  const record = () => {
    const made: Record<string, unknown> = {}
    for (const { name, make, nulls, absents, changes } of fields) {
      if (random() < absents) continue
      const value = random() < changes ? pick(random, makers)(random) : make(random)
      const given = random() < nulls ? pick(random, [null, null, undefined]) : value
      Object.defineProperty(made, name, {
        value: given,
        enumerable: true,
        writable: true,
        configurable: true,
      })
    }
    return made
  }
  const befores = pick(random, [0, 0.3])
  const versions = pick(random, [0, 0.5])
  return Array.from({ length: count }, (): RowUpdate => ({
    kind: pick<UpdateKind>(random, ['insert', 'modify', 'delete']),
    record: record(),
    before: random() < befores ? record() : undefined,
    version: random() < versions ? pick(random, bigints) : undefined,
  }))
}
