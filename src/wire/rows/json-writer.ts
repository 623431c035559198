import { memberPath } from '../../base/exact-json.ts'
import { isInt64 } from '../../base/int64.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import { CannotTravel, cannotRead, isAwaitMissing } from './cannot-travel.ts'
import { wireLimits } from '../limits.ts'
import { kindOfObject, opaque, opaqueWithToJson } from './object-kind.ts'

/** What a string has to be escaped for: all but the characters from the space on that are no quote, backslash or surrogate. */
const escaped = /[^ !#-[\]-\ud7ff\ue000-\uffff]/

/**
 * Writes one value as JSON, as `JSON.stringify` does and `toJSON` included, but refuses what would come
 * back as something else, and says where it stands. Each value is read once.
 */
export class JsonWriter {
  /** The way to the value that is being written. */
  readonly #keys: (string | number)[] = []
  readonly #open: object[] = []
  #room: number = wireLimits.maxUpdateBytes

  /** undefined: its `toJSON` gave nothing. Throws CannotTravel, and TidingsError LIMIT_EXCEEDED. */
  text(value: object): string | undefined {
    try {
      return this.#value(value, '')
    } catch (reason) {
      if (reason instanceof CannotTravel) throw reason
      if (reason instanceof TidingsError && reason.code === 'LIMIT_EXCEEDED') throw reason
      throw cannotRead(this.#path, reason)
    }
  }

  get #path(): string {
    return this.#keys.slice(0, this.#open.length).map(memberPath).join('')
  }

  #cannot(why: string): CannotTravel {
    return new CannotTravel(this.#path, why)
  }

  #value(given: unknown, key: string | number): string | undefined {
    const value = this.#shown(given, key)
    switch (typeof value) {
      case 'string':
        return this.#string(value)
      case 'number':
        return this.#number(value)
      case 'bigint':
        return this.#bigint(value)
      case 'boolean':
        return value ? 'true' : 'false'
      case 'undefined':
        return undefined
      case 'object':
        return value === null ? 'null' : this.#object(value)
      default:
        throw this.#cannot(`is a ${typeof value}, which JSON cannot hold${isAwaitMissing(key)}`)
    }
  }

  /** What an object shows of itself by `toJSON`. */
  #shown(value: unknown, key: string | number): unknown {
    if ((typeof value !== 'object' || value === null) && typeof value !== 'bigint') return value
    const { toJSON } = value as { toJSON?: unknown }
    if (typeof toJSON !== 'function') return value
    if (typeof value === 'object') this.#refuseMisleading(value)
    return toJSON.call(value, String(key))
  }

  /** Whose `toJSON` gives something else than what they are. */
  #refuseMisleading(value: object): void {
    const kind = kindOfObject(value)
    if (kind === 'bytes') throw this.#cannot(`is ${opaque(value)}`)
    if (kind === 'date' && Number.isNaN((value as Date).getTime()))
      throw this.#cannot('is an invalid Date, of which JSON makes null')
    if (kind === 'json' && value instanceof Date) throw this.#cannot(`is ${opaque(value)}`)
    const what = opaqueWithToJson(value)
    if (what !== null) throw this.#cannot(`is ${what}`)
  }

  #object(value: object): string {
    const what = opaque(value)
    if (what !== null) throw this.#cannot(`is ${what}`)
    if (this.#open.includes(value)) throw this.#cannot('is a cycle: it holds itself')
    if (this.#open.length >= wireLimits.maxJsonNesting)
      throw this.#cannot(`nests deeper than ${wireLimits.maxJsonNesting} levels (maxJsonNesting)`)
    this.#open.push(value)
    const text = Array.isArray(value) ? this.#list(value) : this.#members(value)
    this.#open.pop()
    return text
  }

  #list(list: readonly unknown[]): string {
    const depth = this.#open.length - 1
    let text = '['
    for (let n = 0; n < list.length; n++) {
      this.#keys[depth] = n
      const item = this.#value(list[n], n)
      if (item === undefined)
        throw this.#cannot('is undefined, of which JSON makes null in a list: give null')
      text += n === 0 ? item : `,${item}`
      this.#take(1)
    }
    return `${text}]`
  }

  #members(value: object): string {
    const depth = this.#open.length - 1
    let text = ''
    for (const name of Object.keys(value)) {
      this.#keys[depth] = name
      const member = this.#value((value as Record<string, unknown>)[name], name)
      if (member === undefined) continue
      text += `${text === '' ? '{' : ','}${this.#string(name)}:${member}`
    }
    return text === '' ? '{}' : `${text}}`
  }

  #string(value: string): string {
    this.#take(value.length)
    return escaped.test(value) ? JSON.stringify(value) : `"${value}"`
  }

  /** A whole number beyond 2⁵³ has an exponent: in digits alone it is a bigint. */
  #number(value: number): string {
    if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0' : String(value)
    if (!Number.isFinite(value)) throw this.#cannot(`is ${value}, of which JSON makes null`)
    return Number.isInteger(value) ? value.toExponential() : String(value)
  }

  #bigint(value: bigint): string {
    if (!isInt64(value)) throw this.#cannot(`must be a bigint of 64 bits, signed, got ${value}n`)
    if (!Number.isSafeInteger(Number(value))) return String(value)
    throw this.#cannot(
      `is ${value}n within JSON, which has a bigint only beyond 2^53: give a number, or a field of the record`,
    )
  }

  #take(characters: number): void {
    this.#room -= characters
    if (this.#room >= 0) return
    throw new TidingsError(
      'LIMIT_EXCEEDED',
      `an update with JSON of more than ${wireLimits.maxUpdateBytes} characters is too large, at most ${wireLimits.maxUpdateBytes} bytes (maxUpdateBytes) are possible`,
    )
  }
}
