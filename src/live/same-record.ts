import { isDeepStrictEqual } from 'node:util'

/** True: both have the same fields with equal values. A field that is undefined is none. */
export function isSameRecord(one: object, other: object): boolean {
  const [first, second] = [one as Record<string, unknown>, other as Record<string, unknown>]
  let fields = 0
  for (const name in first) {
    const value = first[name]
    if (value === undefined) continue
    fields += 1
    if (value === second[name]) continue
    // Dates, bytes and JSON; NaN, too.
    if (!isDeepStrictEqual(value, second[name])) return false
  }
  for (const name in second) if (second[name] !== undefined) fields -= 1
  return fields === 0
}
