import { wireLimits } from './limits.ts'

/** Thrown inside `jsonText()` only, and caught by who names the field. */
export class NotJson extends Error {}

/**
 * JSON of a value as `JSON.stringify` gives it, `toJSON` included; undefined where that gives none.
 * What `JSON.stringify` leaves out in silence (functions, symbols, the entries of maps and sets) and what it cannot write (cycles,
 * bigints) throws NotJson.
 */
export function jsonText(value: unknown): string | undefined {
  let text: string | undefined
  try {
    text = JSON.stringify(value, refuseSilentLoss)
  } catch (reason) {
    if (reason instanceof NotJson) throw reason
    throw new NotJson(reason instanceof Error ? reason.message : String(reason), { cause: reason })
  }
  if (text !== undefined && nestsTooDeep(text)) {
    throw new NotJson(`it nests deeper than ${wireLimits.maxJsonNesting} levels`)
  }
  return text
}

function refuseSilentLoss(_key: string, value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
    throw new NotJson(`it holds a ${typeof value}, which JSON cannot`)
  }
  if (value instanceof Map || value instanceof Set)
    throw new NotJson(`it holds a ${value.constructor.name}, of which JSON makes {}`)
  return value
}

/** What a text gives that is none of its type: a value of its own, since null is JSON too. */
export const unreadable: unique symbol = Symbol('unreadable')

export function parseJson(text: string): unknown {
  if (nestsTooDeep(text)) return unreadable
  try {
    return JSON.parse(text)
  } catch {
    return unreadable
  }
}

const quote = 0x22
const backslash = 0x5c

function nestsTooDeep(text: string): boolean {
  if (text.length <= wireLimits.maxJsonNesting) return false
  let depth = 0
  let inString = false
  for (let n = 0; n < text.length; n++) {
    const code = text.charCodeAt(n)
    if (inString) {
      if (code === backslash) n++
      else if (code === quote) inString = false
    } else if (code === quote) inString = true
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > wireLimits.maxJsonNesting) return true
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return false
}
