import { isInt64 } from '../../base/int64.ts'
import { jsonText, parsed, parseJson, unreadable } from './json-text.ts'
import { kindOfObject } from './object-kind.ts'
import { widePattern } from './payload.ts'

/**
 * A value of any type as a text: a letter for its type, then
 *
 *   s the string · n a number in decimal, NaN, Infinity, -Infinity or -0 · i a 64-bit integer in
 *   decimal · b 0 or 1 · d milliseconds since the epoch, as n · x bytes, one character (U+0000 to
 *   U+00FF) each · j JSON
 *
 * For fields whose values are not all of one type, so that even those come back as they were.
 */
export function mixedText(value: string | number | bigint | boolean | object): string | undefined {
  switch (typeof value) {
    case 'string':
      return `s${value}`
    case 'number':
      return `n${numberText(value)}`
    case 'bigint':
      return `i${value}`
    case 'boolean':
      return value ? 'b1' : 'b0'
  }
  const kind = kindOfObject(value)
  if (kind === 'date') return `d${numberText((value as Date).getTime())}`
  if (kind === 'bytes') return `x${bytesText(value as Uint8Array)}`
  const json = jsonText(value)
  return json === undefined ? undefined : `j${json}`
}

/** The value of a mixed text, or `unreadable` where it is none. */
export function mixedValue(text: string): unknown {
  const rest = text.slice(1)
  switch (text[0]) {
    case 's':
      return rest
    case 'n':
      return numberPattern.test(rest) ? Number(rest) : unreadable
    case 'i':
      return integerPattern.test(rest) ? int64(BigInt(rest)) : unreadable
    case 'b':
      return rest === '1' ? true : rest === '0' ? false : unreadable
    case 'd':
      return numberPattern.test(rest) ? new Date(Number(rest)) : unreadable
    case 'x':
      return textToBytes(rest)
    case 'j':
      return parseJson(rest)
    default:
      return unreadable
  }
}

/**
 * A record as one text: a JSON object whose members are mixed texts or null. A text that is
 * undefined is left out.
 */
export function recordText(
  names: readonly string[],
  texts: readonly (string | null | undefined)[],
): string {
  const members: string[] = []
  for (const [n, name] of names.entries()) {
    const text = texts[n]
    if (text !== undefined) members.push(`${JSON.stringify(name)}:${JSON.stringify(text)}`)
  }
  return `{${members.join(',')}}`
}

export function recordValue(text: string): unknown {
  const record = parsed(text, JSON.parse)
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return unreadable
  const members = record as Record<string, unknown>
  // Every key is an own property already (JSON.parse makes even __proto__ one): assigning sets it.
  for (const name of Object.keys(members)) {
    const member = members[name]
    if (member === null) continue
    const value = typeof member === 'string' ? mixedValue(member) : unreadable
    if (value === unreadable) return unreadable
    members[name] = value
  }
  return record
}

const numberPattern = /^(?:-?(?:\d+(?:\.\d+)?(?:e[+-]\d+)?|Infinity)|NaN)$/
const integerPattern = /^-?\d{1,19}$/

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function int64(value: bigint): unknown {
  return isInt64(value) ? value : unreadable
}

export function bytesText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).latin1Slice()
}

/** A Uint8Array of its own memory, for the application to keep. */
export function textToBytes(text: string): Uint8Array | typeof unreadable {
  if (widePattern.test(text)) return unreadable
  const bytes = new Uint8Array(text.length)
  Buffer.from(bytes.buffer).latin1Write(text)
  return bytes
}
