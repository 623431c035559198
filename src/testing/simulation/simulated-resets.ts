import type { Loss } from '../../model/loss.ts'
import type { NewReset } from '../../model/reset.ts'
import { keyField } from './folding.ts'
import type {
  PublishedUpdate,
  PublisherJournal,
  ReportedLoss,
  ResetSaid,
  SubscriberJournal,
} from './journal.ts'
import { nameOf } from './stream-ledger.ts'
import type { Fail } from './violation.ts'
import type { WireWatch } from './wire-watch.ts'

type Publishers = ReadonlyMap<string, PublisherJournal>

/** Of so many commits one has a reset, and of so many of these one has keys, or one of another table. */
const resetEvery = 6
const keysEvery = 3
const otherTableEvery = 2

/** The resets of the commit of this number, which has updates in `tables`: what it says of each table. */
export function resetsOfCommit(
  commit: number,
  tables: readonly string[],
  allTables: readonly string[],
): Map<string, ResetSaid> {
  const resets = new Map<string, ResetSaid>()
  if (commit % resetEvery !== 0) return resets
  const nth = commit / resetEvery
  const keys = nth % keysEvery === 0 ? [nth % 4, 9] : null
  const other = allTables[nth % allTables.length] ?? ''
  resets.set(nth % otherTableEvery === 0 ? other : (tables[0] ?? other), {
    text: `why ${commit}`,
    keys,
  })
  return resets
}

export const asChange = (table: string, { text, keys }: ResetSaid): NewReset => ({
  table,
  kind: 'reset',
  reason: text,
  keys: keys?.map((key) => ({ [keyField]: key })),
})

/** What a subscription was told of resets: each was published so, comes once, and in its place. */
export function checkResets(
  journal: SubscriberJournal,
  publishers: Publishers,
  watch: WireWatch | null,
  fail: Fail,
): void {
  const told = new Set<PublishedUpdate>()
  for (const loss of journal.losses) {
    if (loss.reason !== 'reset') continue
    const reset = publishedAs(loss, publishers)
    if (!reset || !isSaid(reset.reset, loss)) {
      fail('false-reset', nameOf(loss))
      continue
    }
    if (told.has(reset)) fail('twice', nameOf(loss))
    told.add(reset)
    checkPlace(journal, loss, reset, watch, fail)
    if (journal.losses.some((other) => other.reason !== 'reset' && covers(other, loss)))
      fail('delivered-and-lost', nameOf(loss))
  }
}

/** Behind all of its commit; and before what follows, unless it had to be sent again. */
function checkPlace(
  { delivered }: SubscriberJournal,
  loss: ReportedLoss,
  { table, sequence, commit }: PublishedUpdate,
  watch: WireWatch | null,
  fail: Fail,
): void {
  const incarnation = loss.publisher?.incarnation ?? ''
  const isRepaired = watch === null || watch.wasReplayed(incarnation, table, sequence)
  for (const update of delivered) {
    if (update.incarnation !== incarnation) continue
    const isBefore = update.delivery <= loss.afterDelivery
    const name = `${nameOf(loss)}, commit ${commit}, and ${update.table}${update.sequence} of ${update.commit}`
    if (update.commit === commit && !isBefore) fail('reset-early', name)
    if (update.commit > commit && isBefore && !isRepaired) fail('commit-order', name)
  }
}

function publishedAs(loss: Loss, publishers: Publishers): PublishedUpdate | undefined {
  const { publisher, table, from, to } = loss
  if (!publisher || table === null || from === null || from !== to) return undefined
  return publishers.get(publisher.incarnation)?.updates.get(table)?.[from - 1]
}

function isSaid(said: ResetSaid | undefined, { text, keys }: Loss): boolean {
  const told = keys?.map((key) => key[keyField]) ?? null
  return said?.text === text && JSON.stringify(said?.keys) === JSON.stringify(told)
}

/** An exact loss that has the sequence of another in it. */
const covers = (loss: Loss, { publisher, table, from }: Loss): boolean =>
  loss.publisher?.incarnation === publisher?.incarnation &&
  loss.table === table &&
  loss.ends !== true &&
  loss.from !== null &&
  loss.to !== null &&
  from !== null &&
  loss.from <= from &&
  from <= loss.to
