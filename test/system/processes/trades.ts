import type { NewUpdate, Update } from '../../../src/model/update.ts'

/** A record says by itself where it belongs, so that content is judged and not the library's numbers. */
export interface TradeRecord {
  /** Name of the process that published it. */
  readonly PUBLISHER: string
  /** From 1, in each table of one publisher. */
  readonly NUMBER: number
  /** How many updates its commit has. */
  readonly COMMIT_SIZE: number
  /** The numbers go round these. */
  readonly INSTRUMENT: number
  readonly QUANTITY: bigint
  readonly PRICE: number
  readonly NOTE: string
}

export interface Tables {
  TRADE: TradeRecord
  POSITION: TradeRecord
}

/** Every so many trades the commit has a position too. */
const positionEvery = 8

/** Every so many records hold characters beyond latin1. */
const wideEvery = 10

/** Keys of one table. */
export const instruments = 500

function record(publisher: string, number: number, commitSize: number): TradeRecord {
  return {
    PUBLISHER: publisher,
    NUMBER: number,
    COMMIT_SIZE: commitSize,
    INSTRUMENT: number % instruments,
    QUANTITY: BigInt(number) * 3n,
    PRICE: number / 4,
    NOTE: `${number % wideEvery === 0 ? 'Łódź' : 'Köln'} ${publisher} ${number}`,
  }
}

/** True: exactly what the publisher published under this number. */
export function isAsPublished(actual: TradeRecord): boolean {
  const expected = record(actual.PUBLISHER, actual.NUMBER, actual.COMMIT_SIZE)
  const fields = Object.keys(expected) as (keyof TradeRecord)[]
  return (
    Object.keys(actual).length === fields.length &&
    fields.every((field) => actual[field] === expected[field])
  )
}

/** The commits of one publisher, one after the other. */
export class Trades {
  readonly published: Record<keyof Tables, number> = { TRADE: 0, POSITION: 0 }
  readonly #publisher: string

  constructor(publisher: string) {
    this.#publisher = publisher
  }

  /** The next commit, of at most `most` updates. */
  next(most: number): NewUpdate<Tables>[] {
    const trade = (this.published.TRADE += 1)
    const size = most > 1 && trade % positionEvery === 0 ? 2 : 1
    const commit: NewUpdate<Tables>[] = [
      { table: 'TRADE', kind: 'insert', record: record(this.#publisher, trade, size) },
    ]
    if (size === 1) return commit
    const position = (this.published.POSITION += 1)
    const positionRecord = record(this.#publisher, position, size)
    commit.push({ table: 'POSITION', kind: 'modify', record: positionRecord, version: 7n })
    return commit
  }
}

/** True: published by `Trades`, not by somebody else who uses the same tables. */
export const isTrade = (update: Update): update is Update<Tables> =>
  'NUMBER' in update.record && 'COMMIT_SIZE' in update.record
