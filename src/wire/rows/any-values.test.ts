import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import { batches, insert, readAll, records } from '../../../test/harness/row-journey.ts'
import { RowWriter } from './row-writer.ts'

type Dice = (count: number) => number

/** Of another realm: constructors that are not ours. */
const abroad = runInNewContext(
  '({ Date, Uint8Array, Map, Promise, Float64Array, ArrayBuffer, RegExp, Error, Object, Array })',
) as typeof globalThis

/** A value as it is published, and as it has to arrive. */
interface Journey {
  readonly sent: unknown
  readonly arrives: unknown
}

const same = (value: unknown): Journey => ({ sent: value, arrives: value })
const pick = <Item>(dice: Dice, items: readonly Item[]): Item => items[dice(items.length)] as Item

const numbers = [0, -0, 1.5, -7, 2 ** 53, 1e21, 5e-324, Number.MAX_VALUE]
const strings = ['', 'x', 'ü', '山', '\ud800', 'x\udc00y', '\0', '\u2028"\\', 'z'.repeat(300)]
const wholes = [0n, -1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)]
const names = ['ID', 'odd name', '', '__proto__', 'toString', 'hasOwnProperty', '山', '0']

function bytesOf(dice: Dice): Journey {
  const memory = Uint8Array.from({ length: 40 }, () => dice(256))
  const from = dice(20)
  const to = from + dice(20)
  const views = [
    () => memory.subarray(from, to),
    () => Buffer.from(memory.buffer, from, to - from),
    () => new abroad.Uint8Array(memory.slice(from, to)),
    () => new abroad.Uint8Array(new abroad.Uint8Array(memory).buffer, from, to - from),
  ]
  return { sent: pick(dice, views)(), arrives: memory.slice(from, to) }
}

function dateOf(dice: Dice): Journey {
  const at = pick(dice, [0, -1, 1_700_000_000_123, 8.64e15, Number.NaN])
  return { sent: dice(2) === 0 ? new Date(at) : new abroad.Date(at), arrives: new Date(at) }
}

/** What stands within JSON: `depth` levels of lists and objects at most. */
function jsonOf(dice: Dice, depth: number): Journey {
  const kind = dice(depth > 0 ? 6 : 4)
  if (kind === 0) return same(pick(dice, [...numbers, null, true, false]))
  if (kind === 1) return same(pick(dice, strings))
  if (kind === 2)
    return same(
      pick(
        dice,
        wholes.filter((each) => !Number.isSafeInteger(Number(each))),
      ),
    )
  if (kind === 3) return same(dice(1_000_000))
  return containerOf(dice, depth)
}

function containerOf(dice: Dice, depth: number): Journey {
  const members = Array.from({ length: dice(5) }, () => jsonOf(dice, depth - 1))
  const isAbroad = dice(3) === 0
  if (dice(2) === 0) {
    const sent = members.map((each) => each.sent)
    return {
      sent: isAbroad ? abroad.Array.from(sent) : sent,
      arrives: members.map((each) => each.arrives),
    }
  }
  const named = (side: keyof Journey): [string, unknown][] =>
    members.map((each, index) => [names[index] ?? '', each[side]])
  const sent = Object.fromEntries(named('sent'))
  return {
    sent: isAbroad ? abroad.Object.fromEntries(named('sent')) : sent,
    arrives: Object.fromEntries(named('arrives')),
  }
}

function valueOf(dice: Dice): Journey {
  switch (dice(8)) {
    case 0:
      return same(pick(dice, [...numbers, Number.NaN, Infinity, -Infinity]))
    case 1:
      return same(pick(dice, strings))
    case 2:
      return same(pick(dice, wholes))
    case 3:
      return same(pick(dice, [true, false, null]))
    case 4:
      return dateOf(dice)
    case 5:
      return bytesOf(dice)
    default:
      return containerOf(dice, 3)
  }
}

/** A record and what it has to arrive as. */
function recordOf(dice: Dice, isSteady: boolean): { sent: object; arrives: object } {
  const fields = names.flatMap((name, index) => {
    if (!isSteady && dice(4) === 0) return []
    return [[name, isSteady && index % 2 === 0 ? same(`v${dice(9)}`) : valueOf(dice)] as const]
  })
  const side = (of: keyof Journey): object =>
    Object.fromEntries(fields.map(([name, journey]) => [name, journey[of]]))
  return { sent: side('sent'), arrives: side('arrives') }
}

const diceOf = (seed: number): Dice => {
  const random = seededRandom(seed)
  return (count) => Math.floor(random() * count)
}

/** What publish() does not take, as what it would arrive otherwise. */
type Refused = readonly [what: string, make: () => unknown, inJsonOnly?: boolean]

const refused: readonly Refused[] = [
  ['a function', () => () => 1],
  ['a symbol', () => Symbol('s')],
  ['a Promise', () => Promise.resolve(1)],
  ['a Promise of another realm', () => abroad.Promise.resolve(1)],
  ['a Map', () => new Map([[1, 2]])],
  ['a Map of another realm', () => new abroad.Map()],
  ['a Set', () => new Set([1])],
  ['an Error', () => new Error('x')],
  ['an Error of another realm', () => new abroad.Error('x')],
  ['a RegExp', () => /x/],
  ['a RegExp of another realm', () => new abroad.RegExp('x')],
  ['numbers in a typed array', () => new Float64Array(8).subarray(2, 5)],
  ['those of another realm', () => new abroad.Float64Array(3)],
  ['a DataView', () => new DataView(new ArrayBuffer(8), 2)],
  ['an ArrayBuffer', () => new ArrayBuffer(8)],
  ['an ArrayBuffer of another realm', () => new abroad.ArrayBuffer(8)],
  ['a boxed number', () => Object(5) as unknown],
  ['a bigint of 65 bits', () => 2n ** 63n],
  ['NaN', () => Number.NaN, true],
  ['Infinity', () => -Infinity, true],
  ['bytes', () => new Uint8Array(2), true],
]

const seeds = Array.from({ length: 40 }, (_, index) => index + 1)

describe('any record that publish() takes', () => {
  it('W3: arrives exactly as it went, whatever the others of its batch are like', () => {
    for (const seed of seeds) {
      const dice = diceOf(seed)
      const writer = new RowWriter()
      const sent = Array.from({ length: 60 }, () => recordOf(dice, seed % 2 === 0))
      for (const each of sent) writer.append(insert(each.sent))
      const arrived = records(readAll(batches(writer)))
      expect(arrived, `seed ${seed}`).toStrictEqual(sent.map(({ arrives }) => arrives))
    }
  })
})

describe('a value that cannot arrive', () => {
  it.each(refused.map(([what, make, inJsonOnly]) => ({ what, make, inJsonOnly })))(
    'W3: refuses $what by its field, and takes the others',
    ({ make, inJsonOnly }) => {
      for (const seed of seeds.slice(0, 12)) {
        const dice = diceOf(seed)
        const writer = new RowWriter()
        const good = Array.from({ length: 30 }, () => recordOf(dice, true))
        for (const [index, each] of good.entries()) {
          writer.append(insert(each.sent))
          const isDeep = inJsonOnly === true || dice(2) === 0
          const bad = isDeep ? { list: [1, { inside: make() }] } : make()
          const act = () => writer.append(insert({ ...each.sent, FIELD: bad }))
          const at = `record.FIELD${isDeep ? '.list[1].inside' : ''}`
          expect(act, `seed ${seed}, ${index}`).toThrow(TidingsError)
          expect(act).toThrow(expect.objectContaining({ code: 'VALUE_UNSUPPORTED' }))
          expect(act).toThrow(at)
        }
        const arrived = records(readAll(batches(writer)))
        expect(arrived, `seed ${seed}`).toStrictEqual(good.map(({ arrives }) => arrives))
      }
    },
  )
})
