import { inspect, isDeepStrictEqual } from 'node:util'
import { serialize } from 'node:v8'
import { executedMark } from './names.ts'

/** A promise that a decoder broke. */
export class Broken extends Error {}

/** Equal bytes: equal values, of equal types, with their members in equal order. */
export const bytesOf = (value: unknown): Buffer => serialize(value)

/** The beginnings are enough: to compare all of two messages of a megabyte line by line takes gigabytes. */
const told = (value: unknown): string =>
  inspect(value, { depth: 4, maxArrayLength: 5, maxStringLength: 100 })

export function expectSame(one: unknown, other: unknown, what: string): void {
  if (bytesOf(one).equals(bytesOf(other))) return
  // A text may be kept in one or two bytes a character: those bytes differ where the values do not.
  if (isDeepStrictEqual(one, other)) return
  throw new Broken(`${what}: ${told(one)} instead of ${told(other)}`)
}

const ownKeys = Reflect.ownKeys(Object.prototype).length
const arrayKeys = Reflect.ownKeys(Array.prototype).length

/** Whatever an input names, what all objects share stays as it was, and no name is run. */
export function expectUnpolluted(): void {
  for (const key in {}) throw new Broken(`every object has a property '${key}' now`)
  if (executedMark in globalThis) {
    Reflect.deleteProperty(globalThis, executedMark)
    throw new Broken('a name was run as code')
  }
}

/** The same more closely: what cannot be enumerated, too. */
export function expectUnpollutedThoroughly(): void {
  expectUnpolluted()
  if (Reflect.ownKeys(Object.prototype).length !== ownKeys)
    throw new Broken('Object.prototype has changed')
  if (Reflect.ownKeys(Array.prototype).length !== arrayKeys)
    throw new Broken('Array.prototype has changed')
}
