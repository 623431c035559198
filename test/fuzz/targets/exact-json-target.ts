import {
  NumberOutOfRange,
  parseExactJson,
  parseJsonWithBigints,
} from '../../../src/base/exact-json.ts'
import { mutateBytes } from '../byte-mutation.ts'
import type { Dice } from '../dice.ts'
import { mutateJson } from '../json-mutation.ts'
import { hostileNames } from '../names.ts'
import { Broken } from '../oracle.ts'
import type { Target } from '../target.ts'
import { mutateOne } from '../target.ts'

/** Around 2^53, 2^63 and the greatest double, with fractions and exponents that look alike. */
const numbers = [
  '0',
  '-0',
  '7',
  '9007199254740991',
  '9007199254740992',
  '-9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '-9223372036854775809',
  '9007199254740993.0',
  '9007199254740993.5',
  '0.12345678901234567',
  '12345678901234567e3',
  '1e21',
  '1e307',
  '1E+308',
  '1e309',
  '-1e400',
  '1e-400',
  '179769313486231580000',
  '1e0000000000000001',
  '9.007199254740993e15',
  '-1.2345678901234567E+17',
  '9223372036854775807.000',
  '92233720368547758080e-1',
  '12345678901234567890e0',
  '1.7976931348623157e308',
  '18446744073709552000.0',
  '9'.repeat(400),
]

function json(dice: Dice, depth: number): string {
  const space = () => dice.pick(['', '', ' ', '\n\t'])
  const roll = dice.random()
  if (depth === 0 || roll < 0.4) return space() + dice.pick(numbers) + space()
  if (roll < 0.5) return JSON.stringify(dice.pick([...numbers, ...hostileNames]))
  if (roll < 0.55) return dice.pick(['true', 'false', 'null'])
  const members = dice.many(dice.few(5), () => json(dice, depth - 1))
  if (roll < 0.75) return `[${members.join()}]`
  const names = members.map(() => JSON.stringify(dice.pick([...hostileNames, 'A', ...numbers])))
  return `{${members.map((member, n) => `${names[n]}${space()}:${member}`).join()}}`
}

/** What JSON.parse makes of it; undefined: it is no JSON. */
function plainJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function exactJson(text: string): { readonly value: unknown } | SyntaxError | NumberOutOfRange {
  try {
    return { value: parseExactJson(text) }
  } catch (reason) {
    if (reason instanceof NumberOutOfRange || reason instanceof SyntaxError) return reason
    throw reason
  }
}

/** The numbers of a JSON text, as they stand in it. */
const numbersOf = (text: string): string[] =>
  text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').match(/-?\d[\d.eE+-]*/g) ?? []

const isPlain = (source: string) => /^-?\d+$/.test(source)

/** The whole number that a finite one is, however it is written; null: it has a fraction. */
function wholeOf(source: string): bigint | null {
  const [, sign, digits = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(source) ?? []
  const mantissa = BigInt(`${sign}${digits}${fraction}`)
  const scale = Number(exponent) - fraction.length
  if (mantissa === 0n) return 0n
  if (scale >= 0) return mantissa * 10n ** BigInt(scale)
  if (-scale > digits.length + fraction.length) return null
  const divisor = 10n ** BigInt(-scale)
  return mantissa % divisor === 0n ? mantissa / divisor : null
}

/** The whole number beyond 2^53 that stands there; null: another one, or one beyond any double. */
function wideOf(source: string): bigint | null {
  const number = Number(source)
  if (!Number.isInteger(number) || Number.isSafeInteger(number)) return null
  return wholeOf(source)
}

const isInt64 = (whole: bigint) => BigInt.asIntN(64, whole) === whole

/** A double that has a point or an exponent and is written by JavaScript with the same digits is taken. */
function isOut(source: string): boolean {
  const whole = wideOf(source)
  if (whole === null) return !Number.isFinite(Number(source))
  return !isInt64(whole) && (isPlain(source) || wholeOf(String(Number(source))) !== whole)
}

const isWideDouble = (value: unknown): value is number =>
  Number.isInteger(value) && !Number.isSafeInteger(value)

interface Numbers {
  /** Whole numbers beyond 2^53 that stand in the text: bigints. */
  readonly wide: ReadonlySet<string>
  /** What else is such a number as a double. */
  readonly doubles: ReadonlySet<number>
}

/** `isOfWire`: what has a point or an exponent, or is out of range, is a double. */
function numbersIn(sources: readonly string[], isOfWire: boolean): Numbers {
  const wide = new Set<string>()
  const doubles = new Set<number>()
  for (const source of sources) {
    const whole = isOfWire && !isPlain(source) ? null : wideOf(source)
    if (whole !== null && isInt64(whole)) wide.add(String(whole))
    else doubles.add(Number(source))
  }
  return { wide, doubles }
}

/** The same, but for numbers that a double would round: those are the bigints that stand in the text. */
function expectExact(exact: unknown, plain: unknown, { wide, doubles }: Numbers): void {
  if (typeof exact === 'bigint') {
    if (!wide.has(String(exact)) || Number(exact) !== plain)
      throw new Broken(`${exact} does not stand in the text`)
  } else if (isWideDouble(exact) && !doubles.has(exact)) throw new Broken(`${exact} was rounded`)
  else if (
    typeof exact !== 'object' ||
    exact === null ||
    typeof plain !== 'object' ||
    plain === null
  ) {
    if (!Object.is(exact, plain)) throw new Broken('a value that JSON.parse reads otherwise')
  } else {
    const names = Reflect.ownKeys(exact)
    if (names.join() !== Reflect.ownKeys(plain).join())
      throw new Broken('members are lost or added')
    if (Array.isArray(exact) !== Array.isArray(plain)) throw new Broken('a list that is none')
    for (const name of names) {
      if (name === 'length' && Array.isArray(exact)) continue
      const at = (value: object): unknown => Object.getOwnPropertyDescriptor(value, name)?.value
      expectExact(at(exact), at(plain), { wide, doubles })
    }
  }
}

/** V8 takes such a name for "\\\\", where one object of the kind had that: JSON.parse is no oracle then. */
const escapedName = /"\\(?:.|u[\da-fA-F]{4})"\s*:/

/** JSON with whole numbers of 64 bits; JSON.parse is right wherever there is none. */
export const exactJsonTarget: Target = {
  name: 'exact-json',
  weight: 8,
  valid: (dice) => [Buffer.from(json(dice, 4))],
  mutate: (dice, input, other) =>
    mutateOne(dice, input, other, dice.chance(0.7) ? mutateJson : mutateBytes),
  run([bytes = Buffer.alloc(0)]) {
    const text = bytes.toString('utf8')
    if (escapedName.test(text)) return 'not judged'
    const plain = plainJson(text)
    const exact = exactJson(text)
    if ((plain === undefined) !== exact instanceof SyntaxError)
      throw new Broken('JSON for one of the two only')
    if (exact instanceof SyntaxError) return 'no JSON'
    const sources = numbersOf(text)
    expectExact(parseJsonWithBigints(text), plain, numbersIn(sources, true))
    if (exact instanceof NumberOutOfRange) {
      if (!sources.includes(exact.source) || !isOut(exact.source))
        throw new Broken(`${exact.source} is refused and not out of range`)
      return 'out of range'
    }
    const numbers = numbersIn(sources, false)
    expectExact(exact.value, plain, numbers)
    return numbers.wide.size > 0 ? 'with bigints' : 'plain'
  },
}
