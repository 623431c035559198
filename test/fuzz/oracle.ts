import assert from 'node:assert/strict'
import { serialize } from 'node:v8'
import { executedMark } from './names.ts'

/** A promise that a decoder broke. */
export class Broken extends Error {}

/** Equal bytes: equal values, of equal types, with their members in equal order. */
export const bytesOf = (value: unknown): Buffer => serialize(value)

export function expectSame(one: unknown, other: unknown, what: string): void {
  if (bytesOf(one).equals(bytesOf(other))) return
  // A text may be kept in one or two bytes a character: those bytes differ where the values do not.
  try {
    assert.deepStrictEqual(one, other)
  } catch (error) {
    throw new Broken(`${what}: ${(error as Error).message}`, { cause: error })
  }
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
