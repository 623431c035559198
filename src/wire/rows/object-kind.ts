import { types } from 'node:util'

/** How an object travels. By what it is and not by its class: objects of another realm have another class. */
type ObjectKind = 'date' | 'bytes' | 'json'

const plain = Object.prototype
const list = Array.prototype

export function kindOfObject(value: object): ObjectKind {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === plain || prototype === list) return 'json'
  if (types.isDate(value)) return 'date'
  return types.isUint8Array(value) ? 'bytes' : 'json'
}

/** True for `{…}` of any realm, and for objects without a prototype. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === plain || prototype === null) return true
  return typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null
}

/** Objects whose content is not in their fields: JSON makes `{}`, or something else, of them. */
const brands: readonly (readonly [is: (value: unknown) => boolean, what: string])[] = [
  [types.isPromise, 'a Promise: is an await missing?'],
  [types.isMap, 'a Map'],
  [types.isSet, 'a Set'],
  [types.isNativeError, 'an Error'],
  [types.isRegExp, 'a RegExp'],
  [types.isUint8Array, 'a Uint8Array: bytes are a field of their own'],
  [
    types.isArrayBufferView,
    'a view of memory that is no Uint8Array: give its bytes as one, or its numbers as a list',
  ],
  [types.isAnyArrayBuffer, 'an ArrayBuffer: give a Uint8Array of it'],
  [types.isBoxedPrimitive, 'a boxed primitive: give the value itself'],
  [types.isWeakMap, 'a WeakMap'],
  [types.isWeakSet, 'a WeakSet'],
]

/** The same behind a Proxy, which hides what it is but not of which class. */
const hiddenClasses: ReadonlySet<string> = new Set(
  'Date Promise Map Set WeakMap WeakSet Error RegExp Number String Boolean BigInt TypedArray DataView ArrayBuffer SharedArrayBuffer'.split(
    ' ',
  ),
)

/**
 * What an object is that cannot travel by its fields; null: it can. Neither a Date nor an object with
 * a `toJSON` of its own mind comes here.
 */
export function opaque(value: object): string | null {
  if (Array.isArray(value) || isPlain(value)) return null
  if (types.isProxy(value)) {
    const hidden = hiddenClass(value)
    if (hidden !== null) return `a Proxy of a ${hidden}: give the ${hidden} itself`
  }
  for (const [is, what] of brands) if (is(value)) return what
  if (isThenable(value)) return thenable(value)
  if (Object.keys(value).length > 0) return null
  return `a ${className(value)} without fields, of which nothing would arrive`
}

/** What `await` would wait for: its fields are not the value that it stands for. */
const isThenable = (value: object): boolean =>
  typeof (value as { then?: unknown }).then === 'function'

const thenable = (value: object): string =>
  `a ${className(value)} with a method then: is an await missing?`

/**
 * The same of an object with a `toJSON`, which shows the state of what can be awaited and not its value; null: it
 * may show itself so.
 */
export function opaqueWithToJson(value: object): string | null {
  if (!isThenable(value)) return null
  return types.isPromise(value) ? opaque(value) : thenable(value)
}

function hiddenClass(value: object): string | null {
  for (let at: unknown = value; typeof at === 'object' && at !== null;) {
    at = Object.getPrototypeOf(at)
    const name = at && className(at)
    if (typeof name === 'string' && hiddenClasses.has(name)) return name
  }
  return null
}

function className(value: object): string {
  const { constructor: made } = value as { constructor?: unknown }
  return typeof made === 'function' && made.name !== '' ? made.name : 'object'
}
