import type { NewUpdate, Update } from '../../src/model/update.ts'
import type { Table } from './commit-plan.ts'
import { plannedCommit, spotOf, tables, tablesOf } from './commit-plan.ts'

/** A record says by itself where it belongs, so that content is judged and not the library's numbers. */
export interface ChaosRecord {
  /** Name and incarnation of its publisher. */
  readonly NAME: string
  readonly PUBLISHER: string
  readonly TABLE: string
  /** From 1, in this table of this publisher. */
  readonly NUMBER: number
  readonly COMMIT: number
  /** In the commit, from 0. */
  readonly PLACE: number
  readonly SIZE: number
  /** Of the commit, by initials in the order of the call. */
  readonly TABLES: string
  readonly QUANTITY: bigint
  readonly NOTE: string
}

export type Tables = { [Name in Table]: ChaosRecord }

/** Every so many records hold characters beyond latin1. */
const wideEvery = 50

const shapeTexts = new Map<readonly number[], string>()

function shapeText(shape: readonly number[]): string {
  let text = shapeTexts.get(shape)
  if (text === undefined) {
    text = shape.map((table) => (tables[table] as string)[0]).join('')
    shapeTexts.set(shape, text)
  }
  return text
}

const note = (number: number) => (number % wideEvery === 0 ? `Łódź ${number}` : `Köln ${number}`)

/** Commit `commit` of a publisher. */
export function newCommit(name: string, incarnation: string, commit: number): NewUpdate<Tables>[] {
  const planned = plannedCommit(commit)
  return planned.map(({ table, number }, place) => ({
    table,
    kind: 'insert',
    record: {
      NAME: name,
      PUBLISHER: incarnation,
      TABLE: table,
      NUMBER: number,
      COMMIT: commit,
      PLACE: place,
      SIZE: planned.length,
      TABLES: shapeText(tablesOf(commit)),
      QUANTITY: BigInt(number) * 3n,
      NOTE: note(number),
    },
  }))
}

/** What is wrong with an update as it was delivered, by its record; null: nothing. */
export function mistakeIn(update: Update, table: number): string | null {
  const record = update.record as Partial<ChaosRecord>
  const { NUMBER: number = 0 } = record
  if (!Number.isSafeInteger(number) || number < 1) return 'no number'
  const { commit, place } = spotOf(table, number)
  const shape = tablesOf(commit)
  const isRight =
    record.TABLE === update.table &&
    record.PUBLISHER === update.publisher?.incarnation &&
    record.NAME === update.publisher?.process &&
    update.sequence === number &&
    update.commit === commit &&
    record.COMMIT === commit &&
    record.PLACE === place &&
    record.SIZE === shape.length &&
    record.TABLES === shapeText(shape) &&
    record.QUANTITY === BigInt(number) * 3n &&
    record.NOTE === note(number) &&
    update.kind === 'insert'
  return isRight ? null : 'other than published'
}
