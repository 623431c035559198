/**
 * Checked reading of JSON from outside. A shape is total: it gives a copy that holds the named
 * fields and nothing else, or undefined. What a newer version adds is passed over.
 */
export type JsonShape<T> = (value: unknown) => T | undefined

export const boolean: JsonShape<boolean> = (value) =>
  typeof value === 'boolean' ? value : undefined

/** JSON can say -0, which is 0 here: `JSON.stringify` says it so. */
const withoutSign = (value: number): number => value + 0

/** A number from `from` to `to`, whole. */
export function integer(from: number, to: number): JsonShape<number> {
  return (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= from && value <= to
      ? withoutSign(value)
      : undefined
}

/** Any finite number that is not negative. */
export const quantity: JsonShape<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? withoutSign(value) : undefined

/** Text of at most `maxLength` UTF-16 units, matching the pattern where there is one. */
export function text(maxLength: number, pattern?: RegExp): JsonShape<string> {
  return (value) =>
    typeof value === 'string' &&
    value.length <= maxLength &&
    (pattern === undefined || pattern.test(value))
      ? value
      : undefined
}

export function oneOf<const T extends string>(words: readonly T[]): JsonShape<T> {
  return (value) => words.find((word) => word === value)
}

export function nullable<T>(shape: JsonShape<T>): JsonShape<T | null> {
  return (value) => (value === null ? null : shape(value))
}

/** A field that an older version does not say. */
export function orElse<T>(absent: T, shape: JsonShape<T>): JsonShape<T> {
  return (value) => (value === undefined ? absent : shape(value))
}

export function either<A, B>(first: JsonShape<A>, second: JsonShape<B>): JsonShape<A | B> {
  return (value) => first(value) ?? second(value)
}

/** Fields that two shapes read of one object, each its own. */
export function joined<A extends object, B extends object>(
  first: JsonShape<A>,
  second: JsonShape<B>,
): JsonShape<A & B> {
  return (value) => {
    const one = first(value)
    const other = one && second(value)
    return one && other && { ...one, ...other }
  }
}

export function list<T>(shape: JsonShape<T>): JsonShape<T[]> {
  return (value) => {
    if (!Array.isArray(value)) return undefined
    const items: T[] = []
    for (const each of value) {
      const item = shape(each)
      if (item === undefined) return undefined
      items.push(item)
    }
    return items
  }
}

export function record<T extends object>(shapes: {
  [Field in keyof T]-?: JsonShape<T[Field]>
}): JsonShape<T> {
  const fields = Object.entries<JsonShape<unknown>>(shapes)
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const source = value as Record<string, unknown>
    const copy: Record<string, unknown> = {}
    for (const [field, shape] of fields) {
      const read = shape(Object.hasOwn(source, field) ? source[field] : undefined)
      if (read === undefined) return undefined
      copy[field] = read
    }
    return copy as T
  }
}
