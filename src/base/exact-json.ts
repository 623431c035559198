import { isInt64 } from './int64.ts'

/** Digits that may be more than a double holds: a safe integer has 16 at most. */
const longNumber = /(?:^|[[:,\s])-?\d{16}/
/** Three digits of an exponent may be more than a double holds: it becomes Infinity. */
const largeExponent = /\d[eE]\+?\d{3}/
const wholeNumber = /^-?\d+$/
/** Characters of -9223372036854775808. */
const longestInt64 = 20

/** A number of a JSON text that is Infinity as a double, or a whole one of more than 64 bits. */
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
 * JSON.parse that keeps whole numbers: one beyond 2⁵³ − 1 is a bigint.
 * @throws SyntaxError, or NumberOutOfRange for a whole number of more than 64 bits and for one that is Infinity as a double.
 */
export function parseExactJson(text: string): unknown {
  if (!longNumber.test(text) && !largeExponent.test(text)) return JSON.parse(text)
  let isOut = false
  const value = parseNumbers(text, (source) => {
    isOut = true
    return new OutOfRange(source)
  })
  if (isOut) throw placed(value, '') ?? new NumberOutOfRange('', '')
  return value
}

/** The same that takes any JSON: what is out of range is as JSON.parse makes it. */
export function parseJsonWithBigints(text: string): unknown {
  return longNumber.test(text) ? parseNumbers(text, Number) : JSON.parse(text)
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

function parseNumbers(text: string, outOfRange: (source: string) => unknown): unknown {
  const revive: Reviver = (_key, value, { source }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
    // V8 takes a name like "\n" for "\\", where one object of the kind had that, and then knows no source of its number.
    if (source === undefined) return Number.isInteger(value) ? outOfRange(String(value)) : value
    if (wholeNumber.test(source)) {
      const whole = source.length > longestInt64 ? null : BigInt(source)
      return whole !== null && isInt64(whole) ? whole : outOfRange(source)
    }
    return Number.isFinite(value) ? value : outOfRange(source)
  }
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown)
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

const plainName = /^[A-Za-z_$][\w$]*$/

/** How a path goes on: `.NAME`, `["odd name"]` or `[0]`. */
export function memberPath(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`
  return plainName.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}
