import type { RecordKey } from './loss.ts'
import type { NewUpdate, TablesOf } from './update.ts'

/**
 * Says of a table that its publisher cannot tell what changed in it: whoever has read it reads it again. It
 * stands among the updates of a commit, and subscribers get it as a loss with the reason `reset`.
 */
export type NewReset<
  Tables extends TablesOf = Record<string, object>,
  Named extends keyof Tables & string = keyof Tables & string,
> = {
  [Table in Named]: {
    table: Table
    kind: 'reset'
    /** Why, for people: the `text` of the loss. */
    reason: string
    /** What changed are records that have all the fields of one of these. Default: any record of the table. */
    keys?: readonly KeyOf<Tables[Table]>[] | undefined
  }
}[Named]

/** The fields of a key are some of those of the records. */
export type KeyOf<Row> = [keyof Row] extends [never] ? RecordKey : Readonly<Partial<Row>>

/** What a commit is made of. */
export type NewChange<
  Tables extends TablesOf = Record<string, object>,
  Named extends keyof Tables & string = keyof Tables & string,
> = NewUpdate<Tables, Named> | NewReset<Tables, Named>
