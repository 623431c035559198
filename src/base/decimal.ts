/** A number as it is written: ± `digits` × 10^`exponent`. */
export interface Decimal {
  readonly isNegative: boolean
  /** Without zeros at either end; empty: the number is 0. */
  readonly digits: string
  /** Below 0 where the number has a fraction. */
  readonly exponent: number
}

const zero = 0x30

const written = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/** Of a number of JSON. Nothing is computed: an exponent may be of any size. */
export function decimalOf(number: string): Decimal {
  const [, sign, whole = '', fraction = '', exponent = '0'] = written.exec(number) ?? []
  const all = whole + fraction
  let from = 0
  let to = all.length
  while (from < to && all.charCodeAt(from) === zero) from++
  while (to > from && all.charCodeAt(to - 1) === zero) to--
  return {
    isNegative: sign === '-',
    digits: all.slice(from, to),
    exponent: from === to ? 0 : Number(exponent) - fraction.length + (all.length - to),
  }
}

export const isSameDecimal = (a: Decimal, b: Decimal): boolean =>
  a.isNegative === b.isNegative && a.digits === b.digits && a.exponent === b.exponent

/** Digits of the largest number of 64 bits. */
const mostDigits = 19

/** A whole number of up to 19 digits, exactly; null: it has a fraction, or more digits. */
export function wholeOf({ isNegative, digits, exponent }: Decimal): bigint | null {
  if (exponent < 0 || digits.length + exponent > mostDigits) return null
  const whole = BigInt(digits + '0'.repeat(exponent))
  return isNegative ? -whole : whole
}
