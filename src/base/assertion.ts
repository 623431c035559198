/** Throws when an invariant of our own does not hold: a bug here, never a mistake of the caller. */
export function assert(condition: unknown, invariant: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${invariant}`)
}

/** For the `default` of a switch over a closed union: a new member becomes a type error there. */
export function assertNever(value: never): never {
  throw new Error(`broken invariant: unexpected value ${String(value)}`)
}
