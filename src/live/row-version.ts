import { ownField } from '../base/own-field.ts'
import { isInt64 } from '../base/int64.ts'

/** The highest version that there can be: nothing is newer than what may have it. */
export const noBound = 2n ** 63n - 1n

/** The version of a record by the field that has it; undefined: it has none. */
export function versionIn(record: object, field: string | null): bigint | undefined {
  return field === null ? undefined : versionFrom(ownField(record, field))
}

/** A bigint, a safe integer or the text of one, as drivers give 64 bits; undefined: it is none of these. */
export function versionFrom(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return isInt64(value) ? value : undefined
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined
  if (typeof value !== 'string' || !/^-?\d{1,19}$/.test(value)) return undefined
  const version = BigInt(value)
  return isInt64(version) ? version : undefined
}
