import { isInt64 } from '../../base/int64.ts'
import { atField, CannotTravel, isAwaitMissing } from './cannot-travel.ts'
import { jsonText } from './json-text.ts'
import { bytesText, mixedText } from './mixed-text.ts'
import { kindOfObject } from './object-kind.ts'
import type { FieldType } from './shape.ts'

/** The type the value of a field travels as; null: null and undefined go with any type. Throws CannotTravel. */
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
      if (!isInt64(value))
        throw new CannotTravel('', `must be a bigint of 64 bits, signed, got ${value}n`)
      return 'int64'
    case 'object':
      return value === null ? null : kindOfObject(value)
    default:
      throw new CannotTravel('', `is a ${typeof value}, which cannot travel${isAwaitMissing(name)}`)
  }
}

/** Whether a field of type `field` takes values of type `value`. */
export function takes(field: FieldType, value: FieldType): boolean {
  return field === value || field === 'mixed' || (field === 'dictionary' && value === 'string')
}

/**
 * The text of a value in a field whose values are texts; undefined where it is none to travel
 * (`toJSON` gave nothing): the field is absent then. Throws CannotTravel with the path to what cannot.
 */
export function textOf(type: FieldType, name: string, value: unknown): string | undefined {
  if (type === 'string') return value as string
  try {
    if (type === 'bytes') return bytesText(value as Uint8Array)
    return type === 'json' ? jsonText(value as object) : mixedText(value as object)
  } catch (reason) {
    throw atField(name, reason)
  }
}
