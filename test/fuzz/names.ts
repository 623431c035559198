import type { Dice } from './dice.ts'

/** Set by a name that was run as code; nothing else ever sets it. */
export const executedMark = 'tidingsFuzzExecuted'

const run = `globalThis.${executedMark}=1`

/** Names that code, prototypes or texts could trip over. */
export const hostileNames: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'toJSON',
  'then',
  '',
  '0',
  '4294967295',
  `");${run};("`,
  `'];${run};['`,
  `\`+(${run})+\``,
  `\${${run}}`,
  `*/${run}/*`,
  `\n${run}\n`,
  `\u2028${run}\u2029`,
  '\\',
  '"',
  '\0',
  '\u2028',
  '\ufeff',
  'é',
  '山',
  '💥',
]

const plainNames = 'ID PRICE SIDE QTY BOOK NOTE TRADE_ID COUNTERPARTY STATUS'.split(' ')

export const fieldName = (dice: Dice): string =>
  dice.chance(0.2)
    ? dice.pick(hostileNames)
    : dice.pick(plainNames) + (dice.chance(0.2) ? dice.below(1000) : '')

export const tableNames = ['TRADE', 'POSITION', 'a table', '__proto__', 'T"\u2028%/'] as const

export const tableName = (dice: Dice): string =>
  dice.chance(0.97) ? dice.pick(tableNames) : 'T'.repeat(1 + dice.below(255))
