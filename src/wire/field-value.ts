import { TidingsError } from '../base/tidings-error.ts'
import { jsonText, NotJson } from './json-text.ts'
import { bytesText, isInt64, mixedText } from './mixed-text.ts'
import type { FieldType } from './shape.ts'

/** The type a value travels as; null: null and undefined go with any type. */
export function typeOfValue(name: string, value: unknown): FieldType | null {
  switch (typeof value) {
    case 'undefined':
      return null
    case 'number':
      return 'float64'
    case 'string':
      return 'string'
    case 'boolean':
      return 'boolean'
    case 'bigint':
      if (!isInt64(value)) throw unsupported(name, 'a bigint outside 64 bits')
      return 'int64'
    case 'object':
      if (value === null) return null
      if (value instanceof Date) return 'date'
      return value instanceof Uint8Array ? 'bytes' : 'json'
    default:
      throw unsupported(name, `a ${typeof value}`)
  }
}

/** Whether a field of type `field` takes values of type `value`. */
export function takes(field: FieldType, value: FieldType): boolean {
  return field === value || field === 'mixed' || (field === 'dictionary' && value === 'string')
}

/**
 * The text of a value in a field whose values are texts; undefined where it is none to travel
 * (`toJSON` gave nothing): the field is absent then. Throws VALUE_UNSUPPORTED naming the field.
 */
export function textOf(type: FieldType, name: string, value: unknown): string | undefined {
  if (type === 'string') return value as string
  if (type === 'bytes') return bytesText(value as Uint8Array)
  try {
    return type === 'json' ? jsonText(value) : mixedText(value)
  } catch (reason) {
    if (reason instanceof NotJson) throw unsupported(name, reason.message, reason.cause)
    throw reason
  }
}

export function unsupported(name: string, why: string, cause?: unknown): TidingsError {
  return new TidingsError(
    'VALUE_UNSUPPORTED',
    `the field '${name}' has a value that cannot travel: ${why}`,
    cause === undefined ? undefined : { cause },
  )
}
