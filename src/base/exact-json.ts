import { decimalOf, isSameDecimal, wholeOf } from './decimal.ts'
import { isInt64 } from './int64.ts'

/** Digits that may be more than a double holds: a safe integer has 16 at most. */
const longNumber = /(?:^|[[:,\s])-?\d{16}/
/** An exponent makes a large number of few digits; ids have what looks like one, too. */
const exponent = /\d[eE]\+?\d/
const scaledNumber = /(?:^|[[:,\s])-?\d+(?:\.\d+)?[eE]\+?\d/
const wholeNumber = /^-?\d+$/
/** Characters of -9223372036854775808. */
const longestInt64 = 20

/** A number of a JSON text that is Infinity as a double, or a whole one that neither 64 bits nor a double hold as it is written. */
export class NumberOutOfRange extends Error {
  /** Where it stands, e.g. `record.PRICES[0]`; empty: it is all of the text. */
  readonly path: string
  /** As it stands in the text. */
  readonly source: string

  constructor(path: string, source: string) {
    super(`${path}: ${source} is out of range`)
    this.path = path
    this.source = source
  }
}

/**
 * JSON.parse that keeps whole numbers, in digits alone or not (`9007199254740993.0`, `1e17`): one beyond 2⁵³ − 1 is a
 * bigint. A number with a fraction is the nearest double, and so is a whole one of more than 64 bits with a point or an
 * exponent that a double holds as it is written (`1e300`).
 * @throws SyntaxError, or NumberOutOfRange for any other whole number of more than 64 bits and for one that is Infinity as a double.
 */
export function parseExactJson(text: string): unknown {
  if (!mayBeBeyondDouble(text)) return JSON.parse(text)
  let isOut = false
  const outOfRange = (source: string): OutOfRange => {
    isOut = true
    return new OutOfRange(source)
  }
  const value = parseNumbers(
    text,
    (number, source) => exactNumber(number, source) ?? outOfRange(source),
    outOfRange,
  )
  if (isOut) throw placed(value, '') ?? new NumberOutOfRange('', '')
  return value
}

/** The same that takes any JSON: what is out of range, or is not written in digits alone, is as JSON.parse makes it. */
export function parseJsonWithBigints(text: string): unknown {
  return longNumber.test(text) ? parseNumbers(text, (number) => number, Number) : JSON.parse(text)
}

/** The search for any exponent is the fast one: most texts have none. */
const mayBeBeyondDouble = (text: string): boolean =>
  longNumber.test(text) || (exponent.test(text) && scaledNumber.test(text))

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

/** `scaled`: of a number with a point or an exponent, which is no safe integer as a double. */
function parseNumbers(
  text: string,
  scaled: (number: number, source: string) => unknown,
  outOfRange: (source: string) => unknown,
): unknown {
  const revive: Reviver = (_key, value, { source }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
    // V8 takes a name like "\n" for "\\", where one object of the kind had that, and then knows no source of its number.
    if (source === undefined) return hasFraction(value) ? value : outOfRange(String(value))
    if (wholeNumber.test(source)) {
      const whole = source.length > longestInt64 ? null : BigInt(source)
      return whole !== null && isInt64(whole) ? whole : outOfRange(source)
    }
    return hasFraction(value) ? value : scaled(value, source)
  }
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown)
}

const hasFraction = (value: number): boolean => Number.isFinite(value) && !Number.isInteger(value)

/** A number beyond ±(2⁵³ − 1) as a double; null: neither 64 bits nor a double hold it. */
function exactNumber(number: number, source: string): number | bigint | null {
  if (!Number.isFinite(number)) return null
  const decimal = decimalOf(source)
  if (decimal.exponent < 0) return number
  const whole = wholeOf(decimal)
  if (whole !== null && isInt64(whole)) return whole
  return isSameDecimal(decimal, decimalOf(String(number))) ? number : null
}

/** Stands where the number does until its path is known: a reviver is told only the last name of it. */
class OutOfRange {
  readonly source: string

  constructor(source: string) {
    this.source = source
  }
}

function placed(value: unknown, path: string): NumberOutOfRange | null {
  if (typeof value !== 'object' || value === null) return null
  if (value instanceof OutOfRange) return new NumberOutOfRange(path, value.source)
  const isList = Array.isArray(value)
  for (const [key, member] of Object.entries(value)) {
    const found = placed(member, `${path}${memberPath(isList ? Number(key) : key)}`)
    if (found !== null) return found
  }
  return null
}

/** The most characters of a path that a message shows. */
const maxPath = 100

/** A path, from `record` or the like on, as a message shows it. */
export const shownPath = (path: string): string => {
  const bare = path.startsWith('.') ? path.slice(1) : path
  return bare.length > maxPath ? `${bare.slice(0, maxPath)}…` : bare
}

const plainName = /^[A-Za-z_$][\w$]*$/

/** How a path goes on: `.NAME`, `["odd name"]` or `[0]`. */
export function memberPath(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`
  return plainName.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}
