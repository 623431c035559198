import { isIPv4, isIPv6 } from 'node:net'
import { maxPort, maxProcessPort } from '../../base/process-port.ts'
import { assertNever } from '../../base/assertion.ts'
import { plainAddress } from '../../base/host-port.ts'
import { expectedOf } from './known-items.ts'
import type { ItemType } from './known-items.ts'
import { nearest } from '../../base/nearest.ts'
import type { PortAt, PortRange } from '../settings.ts'

/** A value that was understood, or what is wrong with it and what was expected instead. */
type ReadValue =
  | { readonly ok: true; readonly value: string | number | boolean }
  | { readonly ok: false; readonly expected: string }

/** Labels of letters, digits, `-` and `_`, which services have, parted by dots; no address of IPv4. */
const hostName = /^(?!(?:\d+\.){3}\d+$)(?=.{1,253}$)[\w-]{1,63}(?:\.[\w-]{1,63})*\.?$/

/** Reads the text of an item. Blanks around it do not count. */
export function readItemValue(type: ItemType, text: string): ReadValue {
  const value = text.trim()
  const expected = `expected ${expectedOf(type)}`
  switch (type.kind) {
    case 'boolean':
      if (/^(?:true|false)$/i.test(value)) return { ok: true, value: /^true$/i.test(value) }
      return { ok: false, expected }
    case 'port':
      return readInteger(value, 1, maxPort, expected)
    case 'integer':
      return readInteger(value, type.least, type.most, expected)
    case 'word':
      return readWord(type, value, expected)
    case 'group':
      return isGroup(value) ? { ok: true, value } : { ok: false, expected }
    case 'urls':
      return areUrls(value, type.schemes) ? { ok: true, value } : { ok: false, expected }
    case 'topic-pattern':
      return isTopicPattern(value) ? { ok: true, value } : { ok: false, expected }
    case 'process-ports':
      return portRange(value) ? { ok: true, value } : { ok: false, expected }
    case 'port-at':
      return portAt(value, '') ? { ok: true, value } : { ok: false, expected }
    case 'name':
      return hostName.test(value) ? { ok: true, value } : { ok: false, expected }
    case 'text':
      return { ok: true, value }
    default:
      return assertNever(type)
  }
}

/** `11000-11999`; null: it is no such range. */
export function portRange(text: string): PortRange | null {
  const [, from, to] = /^(\d{1,5})\s*-\s*(\d{1,5})$/.exec(text) ?? []
  const [first, last] = [Number(from), Number(to)]
  return first >= 1 && first <= last && last <= maxProcessPort ? { first, last } : null
}

/** `9464` at `fallback`, `10.0.0.1:9464`, `[::]:9464`; null: it is no such thing. */
export function portAt(text: string, fallback: string): PortAt | null {
  const [, ofIPv6, ofIPv4, digits] = /^(?:(?:\[([^\]]+)\]|([\d.]+)):)?(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (!(port >= 1 && port <= maxPort)) return null
  if (ofIPv6 !== undefined) return isIPv6(ofIPv6) ? { address: plainAddress(ofIPv6), port } : null
  if (ofIPv4 !== undefined) return isIPv4(ofIPv4) ? { address: ofIPv4, port } : null
  return { address: fallback, port }
}

function readInteger(value: string, least: number, most: number, expected: string): ReadValue {
  const number = /^[+-]?\d{1,15}$/.test(value) ? Number(value) : Number.NaN
  return number >= least && number <= most ? { ok: true, value: number } : { ok: false, expected }
}

function readWord(
  { words, foreign }: Extract<ItemType, { kind: 'word' }>,
  value: string,
  expected: string,
): ReadValue {
  if (words.includes(value)) return { ok: true, value }
  if (foreign.some((word) => word.toLowerCase() === value.toLowerCase())) {
    return {
      ok: false,
      expected: `the documentation knows it, it is not carried here: ${expected}`,
    }
  }
  const meant = nearest(value, words)
  const hint = meant === null ? '' : `; did you mean "${meant}"?`
  return { ok: false, expected: `${expected}${hint}` }
}

function isGroup(value: string): boolean {
  if (isIPv6(value)) return /^ff/i.test(value)
  const first = isIPv4(value) ? Number.parseInt(value, 10) : 0
  return first >= 224 && first <= 239
}

/** The URLs of a list with commas between them. */
export const urlsOf = (text: string): string[] => text.split(',').map((url) => url.trim())

function areUrls(value: string, schemes: readonly string[]): boolean {
  return urlsOf(value).every((url) => {
    if (!URL.canParse(url)) return false
    const { protocol, hostname } = new URL(url)
    return schemes.includes(protocol.slice(0, -1)) && hostname !== ''
  })
}

/** What a broker takes as the name of a topic, with the table in one place of it. */
function isTopicPattern(value: string): boolean {
  const hasTableOnce = value.split('{{TABLE_NAME}}').length === 2
  return (
    hasTableOnce &&
    !/[#+\0]/.test(value) &&
    !value.startsWith('$') &&
    !value.split('/').includes('')
  )
}
