import type { RecordKey } from '../../model/loss.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import { atField, refusedField } from './cannot-travel.ts'
import { textOf, typeOfValue } from './field-value.ts'
import { unreadable } from './json-text.ts'
import { recordText, recordValue } from './mixed-text.ts'
import { fieldsOf } from './row-update.ts'

/**
 * The key of a record as one text, as a record of too many fields travels. `place` names it in errors. Throws
 * USAGE, VALUE_UNSUPPORTED.
 */
export function keyText(place: string, key: object): string {
  const { names, values } = fieldsOf(place, key)
  try {
    const texts = names.map((name, n) => textOfField(name, values[n]))
    if (texts.every((text) => text === undefined))
      throw new TidingsError('USAGE', `\`${place}\` names no field: a key is { TRADE_ID: 'T1' }`)
    return recordText(names, texts)
  } catch (reason) {
    throw refusedField(place, reason)
  }
}

/** Its inverse; null: the text is that of no record. */
export function keyOf(text: string): RecordKey | null {
  const value = recordValue(text)
  return value === unreadable ? null : (value as RecordKey)
}

function textOfField(name: string, value: unknown): string | null | undefined {
  if (value === null || value === undefined) return value
  try {
    typeOfValue(name, value)
  } catch (reason) {
    throw atField(name, reason)
  }
  return textOf('mixed', name, value)
}
