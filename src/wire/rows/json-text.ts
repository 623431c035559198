import { parseJsonWithBigints } from '../../base/exact-json.ts'
import { nestsDeeper } from '../../base/json-nesting.ts'
import { JsonWriter } from './json-writer.ts'
import { wireLimits } from '../limits.ts'

/**
 * JSON of an object, `toJSON` included; undefined where that gives none. What JSON cannot hold as it is
 * throws CannotTravel.
 */
export const jsonText = (value: object): string | undefined => new JsonWriter().text(value)

/** What a text gives that is none of its type: a value of its own, since null is JSON too. */
export const unreadable: unique symbol = Symbol('unreadable')

/** A whole number beyond 2⁵³ − 1 is a bigint. */
export const parseJson = (text: string): unknown => parsed(text, parseJsonWithBigints)

/** The same by another reader, which throws where the text is none. */
export function parsed(text: string, read: (text: string) => unknown): unknown {
  if (nestsDeeper(text, wireLimits.maxJsonNesting)) return unreadable
  try {
    return read(text)
  } catch {
    return unreadable
  }
}
