import { asTidingsError } from '../base/tidings-error.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { NewChange, NewReset } from '../model/reset.ts'
import { checkTableName } from '../model/topic.ts'
import type { NewUpdate, Update } from '../model/update.ts'
import { CommitResets } from '../publisher/commit-resets.ts'
import { OpenParcel } from '../publisher/open-parcel.ts'
import { RowReader } from '../wire/rows/row-reader.ts'

const reader = new RowReader()

/**
 * The changes of a transaction that has not ended, as they were when they came: encoded, so that records may be
 * changed afterwards, and so that what cannot travel is refused while the transaction can still be rolled back.
 * What a queue does not take, or nobody can tell, becomes a reset: a transaction that commits is always told of.
 */
export class CommitDraft<Owner> {
  readonly #maxBytes: number
  #parcel: OpenParcel
  /** By the number of the update. */
  readonly #owners: Owner[] = []
  readonly #lasts = new Map<string, number>()
  readonly #resets: { readonly owner: Owner; readonly reset: NewReset }[] = []
  /** Tables to be read again, and why. */
  readonly #doubts = new Map<string, string>()
  #isTooLarge = false

  constructor(identity: PublisherIdentity, maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#parcel = new OpenParcel(identity, maxBytes)
  }

  /** Throws USAGE and VALUE_UNSUPPORTED. If the transaction commits all the same, its table is to be read again. */
  add(change: NewChange, owner: Owner): void {
    try {
      if ((change as NewReset | null)?.kind === 'reset') this.#addReset(change as NewReset, owner)
      else this.#addUpdate(change as NewUpdate, owner)
    } catch (error) {
      const table = tableOf(change)
      if (table === null) throw error
      const told = asTidingsError(error)
      this.#doubts.set(table, told?.text ?? 'a change could not be read')
      if (told?.code !== 'LIMIT_EXCEEDED') throw error
    }
  }

  /** All that is to be published, where the changes of these owners count; what others did is in doubt. */
  changes(counts: (owner: Owner) => boolean): NewChange[] {
    if (this.#isTooLarge) return this.resets(`a commit of more than ${this.#maxBytes} bytes`)
    const changes: NewChange[] = []
    for (const [index, update] of this.#updates().entries())
      if (counts(this.#owners[index] as Owner)) changes.push(update)
      else this.#doubts.set(update.table, undone)
    for (const { owner, reset } of this.#resets)
      changes.push(counts(owner) ? reset : { table: reset.table, kind: 'reset', reason: undone })
    for (const [table, reason] of this.#doubts) changes.push({ table, kind: 'reset', reason })
    return changes
  }

  /** In place of all changes: a reset of each of their tables. */
  resets(reason: string): NewReset[] {
    const tables = new Set([
      ...this.#lasts.keys(),
      ...this.#resets.map(({ reset }) => reset.table),
      ...this.#doubts.keys(),
    ])
    return Array.from(tables, (table) => ({ table, kind: 'reset', reason }))
  }

  #addUpdate(update: NewUpdate, owner: Owner): void {
    const table = this.#parcel.addOne(update, this.#owners.length + 1)
    this.#owners.push(owner)
    this.#lasts.set(table, (this.#lasts.get(table) ?? 0) + 1)
    if (this.#parcel.bytes > this.#maxBytes) this.#isTooLarge = true
    // Nothing of it will be needed but the names of its tables.
    if (this.#isTooLarge) this.#updates()
  }

  #addReset({ table, kind, reason, keys, ...more }: NewReset, owner: Owner): void {
    checkTableName(table)
    const reset: NewReset = { table, kind, reason, ...(keys !== undefined && { keys }), ...more }
    // Encoded for what it throws: of its keys a copy is enough, as their values are those of single fields.
    new CommitResets().add(reset, table)
    this.#resets.push({
      owner,
      reset: { ...reset, ...(keys && { keys: keys.map((key) => ({ ...key })) }) },
    })
  }

  /** In the order in which they came; they are taken out. */
  #updates(): NewUpdate[] {
    const header = { parcel: 1, publishedAt: 0, closedAt: 0 }
    const parcel = this.#parcel.close(header, (table) => this.#lasts.get(table) ?? 0)
    const updates: Update[] = []
    while (!parcel.isSent) {
      const batch = parcel.next()
      if (!this.#isTooLarge) reader.read(batch, 0, updates)
    }
    return updates
      .toSorted((one, other) => Number(one.commit) - Number(other.commit))
      .map(({ table, kind, record, before, version }) => ({ table, kind, record, before, version }))
  }
}

/** Null: it is of no table that there can be. */
function tableOf(change: unknown): string | null {
  try {
    const { table } = change as { readonly table?: unknown }
    checkTableName(table)
    return table
  } catch {
    return null
  }
}

const undone = 'a nested commit() failed or was not waited for: it may have been undone'
