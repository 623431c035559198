/**
 * The journal of one process, as its application writes it: a line an entry, words separated by
 * spaces. Times are microseconds of the monotonic clock that all processes of a machine share.
 *
 *     open TIME NODE PROCESS INSTANCE INCARNATION     the queue is open
 *     plan TIME COMMIT     commits up to COMMIT are about to be published: a process killed
 *                          from here on may have published them, or some of them, or none
 *     done TIME COMMIT     publish() has returned for all of them
 *     end TIME             close() has returned
 *     want TIME TABLES     subscribe() is about to be called, for TABLE,TABLE or *
 *     ready TIME
 *     from INDEX INCARNATION          names a publisher
 *     took TIME INDEX FIRST LAST      the commits FIRST to LAST, all whole and in order
 *     part TIME INDEX FLAG UPDATES    one delivery that is anything else: TRADE:1,…; FLAG ! is
 *                                     an incomplete commit, - is not
 *     lost TIME INDEX TABLE FROM TO REASON FLAG     INDEX and TABLE - are null, FROM and TO ?;
 *                                                   FLAG ends or open
 *     wrong TIME TEXT      an update whose record is not the one that was published
 */
import type { Loss } from '../../src/model/loss.ts'

export interface LostEntry {
  readonly type: 'lost'
  readonly at: number
  /** Place of its name; null: publishers unknown. */
  readonly index: number | null
  readonly table: string | null
  readonly from: number | null
  readonly to: number | null
  readonly reason: string
  readonly ends: boolean
}

export type Entry =
  | {
      readonly type: 'open'
      readonly at: number
      readonly node: string
      readonly process: string
      readonly instance: string
      readonly incarnation: string
    }
  | { readonly type: 'plan' | 'done'; readonly at: number; readonly commit: number }
  | { readonly type: 'end' | 'ready'; readonly at: number }
  | { readonly type: 'want'; readonly at: number; readonly tables: readonly string[] | '*' }
  | { readonly type: 'from'; readonly index: number; readonly incarnation: string }
  | {
      readonly type: 'took'
      readonly at: number
      readonly index: number
      readonly first: number
      readonly last: number
    }
  | {
      readonly type: 'part'
      readonly at: number
      readonly index: number
      readonly incomplete: boolean
      readonly updates: readonly { readonly table: string; readonly number: number }[]
    }
  | LostEntry
  | { readonly type: 'wrong'; readonly at: number; readonly text: string }

/** Microseconds of a clock that does not step and that all processes of this machine share. */
export const machineTime = (): number => Number(process.hrtime.bigint() / 1000n)

const orWord = (value: string | number | null, word: string) => value ?? word

export function formatLoss(at: number, index: number | null, loss: Loss): string {
  const { table, from, to, reason, ends } = loss
  const range = `${orWord(from, '?')} ${orWord(to, '?')}`
  return `lost ${at} ${orWord(index, '-')} ${orWord(table, '-')} ${range} ${reason} ${ends ? 'ends' : 'open'}`
}

/** A line that no writer of this format wrote. */
export class MalformedLine extends Error {
  constructor(line: string) {
    super(`not a line of a journal: ${line}`)
  }
}

const number = (word: string | undefined): number => {
  const value = Number(word)
  if (word === undefined || word === '' || !Number.isSafeInteger(value)) throw new RangeError()
  return value
}

const optional = (word: string | undefined, none: string) => (word === none ? null : number(word))

function part(words: readonly string[]): Entry {
  const [, at, index, flag, updates = ''] = words
  return {
    type: 'part',
    at: number(at),
    index: number(index),
    incomplete: flag === '!',
    updates: updates.split(',').map((update) => {
      const [table = '', count] = update.split(':')
      return { table, number: number(count) }
    }),
  }
}

function lost(words: readonly string[]): Entry {
  const [, at, index, table = '-', from, to, reason = '', flag] = words
  return {
    type: 'lost',
    at: number(at),
    index: optional(index, '-'),
    table: table === '-' ? null : table,
    from: optional(from, '?'),
    to: optional(to, '?'),
    reason,
    ends: flag === 'ends',
  }
}

const parsers: Readonly<Record<string, (words: readonly string[]) => Entry>> = {
  open([, at, node = '', process = '', instance = '', incarnation = '']) {
    const isAlone = instance === '-'
    return {
      type: 'open',
      at: number(at),
      node,
      process,
      instance: isAlone ? '' : instance,
      incarnation,
    }
  },
  plan: ([, at, commit]) => ({ type: 'plan', at: number(at), commit: number(commit) }),
  done: ([, at, commit]) => ({ type: 'done', at: number(at), commit: number(commit) }),
  end: ([, at]) => ({ type: 'end', at: number(at) }),
  ready: ([, at]) => ({ type: 'ready', at: number(at) }),
  want: ([, at, tables = '']) => ({
    type: 'want',
    at: number(at),
    tables: tables === '*' ? '*' : tables.split(','),
  }),
  from: ([, index, incarnation = '']) => ({ type: 'from', index: number(index), incarnation }),
  took: ([, at, index, first, last]) => ({
    type: 'took',
    at: number(at),
    index: number(index),
    first: number(first),
    last: number(last),
  }),
  part,
  lost,
  wrong: ([, at, ...text]) => ({ type: 'wrong', at: number(at), text: text.join(' ') }),
}

/** Throws MalformedLine. */
export function parseLine(line: string): Entry {
  const words = line.split(' ')
  try {
    const parse = parsers[words[0] ?? '']
    if (parse) return parse(words)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  throw new MalformedLine(line)
}
