import { types } from 'node:util'

/** The most characters of a value that a message repeats. */
const maxShown = 200

/** A value as a message names it: so that `'5'`, `5` and `5n` look different. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'bigint':
      return `${value}n`
    case 'number':
      return String(value)
    case 'function':
    case 'symbol':
      return `a ${typeof value}`
    default:
      return textOf(value).slice(0, maxShown)
  }
}

function textOf(value: unknown): string {
  if (types.isDate(value)) return String(value)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}
