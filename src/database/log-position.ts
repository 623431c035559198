import { TidingsError } from '../base/tidings-error.ts'

/**
 * Positions in PostgreSQL's write-ahead log are 64 bits, written as two halves in hexadecimal: `16/B374D848`. They
 * are versions, too: the changes of a row have rising ones. Throws USAGE.
 */
export function parsePosition(text: string): bigint {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text) ?? []
  if (high === undefined || low === undefined)
    throw new TidingsError(
      'USAGE',
      `a position in the write-ahead log must be like 16/B374D848, got ${JSON.stringify(text)}`,
    )
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

export function positionText(position: bigint): string {
  const half = (value: bigint): string => value.toString(16).toUpperCase()
  return `${half(position >> 32n)}/${half(position & 0xffff_ffffn)}`
}
