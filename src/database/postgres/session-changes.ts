import { assert } from '../../base/assertion.ts'
import type { PgNotice } from './pg-parts.ts'
import { changeCode } from './trigger-names.ts'
import { relationOf, type ToldRelation, type ToldRow, toldRow } from './told-row.ts'

/** What a session has committed. */
export interface CommittedChanges {
  /** In the order of the statements. */
  readonly rows: readonly ToldRow[]
  /** Tables of which it is not known what was committed of what was told, and why. */
  readonly doubts: ReadonlyMap<string, string>
  /** A transaction was committed whose changes are not known here, of whatever tables. */
  readonly isUnknown: boolean
}

/** What PostgreSQL says of itself behind each answer: no transaction, one, or one that has failed. */
export type SessionStatus = 'I' | 'T' | 'E'

/** What was told in a transaction. */
class ToldChanges {
  readonly #maxBytes: number
  rows: ToldRow[] = []
  readonly doubts = new Map<string, string>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  add(row: ToldRow): void {
    if (this.doubts.has(row.relation.table)) return
    this.rows.push(row)
    this.#bytes += row.row.length + (row.before?.length ?? 0) + bytesPerRow
    if (this.#bytes > this.#maxBytes) this.doubtAll(`a commit of more than ${this.#maxBytes} bytes`)
  }

  /** In doubt once, so for the rest of the transaction: other rows of the table would not help. */
  doubt(table: string, why: string): void {
    if (this.doubts.has(table)) return
    this.doubts.set(table, why)
    this.rows = this.rows.filter((row) => row.relation.table !== table)
  }

  doubtAll(why: string): void {
    for (const { relation } of this.rows)
      if (!this.doubts.has(relation.table)) this.doubts.set(relation.table, why)
    this.rows = []
    this.#bytes = 0
  }
}

/**
 * Follows one session by what the server says, and knows which of the changes that it was told have been committed.
 * Triggers tell a change when its transaction commits, all savepoints behind it. What was told earlier (after SET
 * CONSTRAINTS … IMMEDIATE, by a procedure with a COMMIT in it) may be undone without a word: where something happens
 * that could have done so, its table is in doubt.
 */
export class SessionChanges {
  readonly #maxBytes: number
  #told: ToldChanges
  /** Told before something of the transaction was undone: by table why it is in doubt, if the transaction commits. */
  readonly #undone = new Map<string, string>()
  /** Tables that a function or a procedure changed: it may have committed some of it before it failed. */
  readonly #within = new Set<string>()
  /** By oid: the last that this session was told. */
  readonly #relations = new Map<string, ToldRelation>()
  /** The status in which the statements began that run now. */
  #status: SessionStatus = 'I'

  /** `maxBytes`: of a transaction of more only its tables are kept. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#told = new ToldChanges(maxBytes)
  }

  /** True: it was one of ours. */
  onNotice(notice: PgNotice): boolean {
    if (notice.code !== changeCode) return false
    const { table: oid = '', dataType = '' } = notice
    if (dataType !== '') this.#relations.set(oid, relationOf(dataType))
    const relation = this.#relations.get(oid)
    assert(relation !== undefined, 'the first change of a table in a transaction names it')
    const row = toldRow(notice, relation)
    if (!row) this.#told.doubt(relation.table, 'its trigger is of another version of tidings')
    else if (isFromWithin(notice)) {
      this.#within.add(relation.table)
      this.#told.doubt(relation.table, 'a function committed, or checked constraints early')
    } else this.#told.add(row)
    return true
  }

  /** A statement was done. `tag`: what the server calls it, such as `INSERT 0 1`. Null: it has committed nothing of ours. */
  onComplete(tag: string): CommittedChanges | null {
    if (tag === 'COMMIT') return this.#committed(this.#undone)
    if (tag === 'COMMIT PREPARED') return { rows: [], doubts: new Map(), isUnknown: true }
    if (tag === 'PREPARE TRANSACTION') this.#clear()
    if (tag === 'ROLLBACK') this.#undo('a part of the transaction was rolled back')
    if (tag === 'ALTER TABLE') this.#told.doubtAll('it was altered in the same transaction')
    return null
  }

  onError(): void {
    this.#undo('a part of the transaction failed')
  }

  /** The server waits for the next statement. Null: nothing was committed since it did last. */
  onReady(status: SessionStatus): CommittedChanges | null {
    const began = this.#status
    this.#status = status
    if (status !== 'I') return null
    // What was undone stays so; but a procedure that failed may have committed before.
    const isProcedure = ([table]: [string, string]): boolean =>
      began === 'I' && this.#within.has(table)
    return this.#committed(new Map([...this.#undone].filter(isProcedure)))
  }

  #undo(why: string): void {
    const { rows, doubts } = this.#told
    for (const { relation } of rows) this.#undone.set(relation.table, why)
    for (const [table, reason] of doubts) this.#undone.set(table, reason)
    this.#told = new ToldChanges(this.#maxBytes)
  }

  #committed(undone: ReadonlyMap<string, string>): CommittedChanges | null {
    for (const [table, why] of undone) this.#told.doubt(table, why)
    const { rows, doubts } = this.#told
    this.#clear()
    return rows.length === 0 && doubts.size === 0 ? null : { rows, doubts, isUnknown: false }
  }

  #clear(): void {
    this.#told = new ToldChanges(this.#maxBytes)
    this.#undone.clear()
    this.#within.clear()
  }
}

/** What a row takes beside its values, about. */
const bytesPerRow = 200

/** It was told while a function or a procedure ran, of which the server names each call in a line of its own. */
const isFromWithin = ({ where }: PgNotice): boolean => where?.includes('\n') ?? false
