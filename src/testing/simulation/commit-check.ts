import {
  type DeliveredUpdate,
  type PublisherJournal,
  lacksReset,
  type SubscriberJournal,
  wantsTable,
} from './journal.ts'
import type { StreamLedgers } from './stream-ledger.ts'
import type { Fail } from './violation.ts'
import type { WireWatch } from './wire-watch.ts'

/** Commits whole, in one delivery, in the order of the call; what is not whole says so and is told. */
export function checkCommits(
  journal: SubscriberJournal,
  publishers: ReadonlyMap<string, PublisherJournal>,
  ledgers: StreamLedgers,
  fail: Fail,
): void {
  const byCommit = new Map<string, DeliveredUpdate[]>()
  for (const update of journal.delivered) {
    const key = `${update.incarnation} ${update.commit} ${update.delivery}`
    const updates = byCommit.get(key)
    if (updates) updates.push(update)
    else byCommit.set(key, [update])
  }
  for (const updates of byCommit.values()) {
    const [{ incarnation, commit, at }] = updates as [DeliveredUpdate]
    const published = publishers.get(incarnation)?.commits[commit - 1] ?? []
    const wanted = published.filter(
      ({ table, reset }) => !reset && wantsTable(journal.tables, table),
    )
    const name = `${incarnation.slice(0, 6)} commit ${commit} at ${at.toFixed(0)}`
    if (updates.some((update, index) => update.place < (updates[index - 1]?.place ?? -1)))
      fail('place-order', name)
    const isWhole = updates.length === wanted.length
    const [{ isIncomplete }] = updates as [DeliveredUpdate]
    if (!isWhole && !isIncomplete)
      fail('not-whole', `${name}: ${updates.length} of ${wanted.length}`)
    if (isWhole && isIncomplete && !lacksReset(published, incarnation, journal))
      fail('false-incomplete', name)
    for (const { table, sequence } of isIncomplete ? wanted : []) {
      const { delivered, told } = ledgers.of(incarnation, table)
      if (delivered.has(sequence)) continue
      if (!told.some(({ from, to }) => from <= sequence && sequence <= to))
        fail('cut', `${name} lacks ${table}${sequence}`)
    }
  }
}

/**
 * Commits of one publisher come in its order: per table always, over tables unless something of the
 * later one had to be repaired.
 */
export function checkCommitOrder(journal: SubscriberJournal, watch: WireWatch, fail: Fail): void {
  const last = new Map<string, number>()
  const repaired = new Set<number>()
  for (const { incarnation, table, sequence, delivery } of journal.delivered)
    if (watch.wasReplayed(incarnation, table, sequence)) repaired.add(delivery)
  for (const { incarnation, table, commit, delivery } of journal.delivered) {
    for (const key of [`${incarnation} ${table}`, incarnation]) {
      const isExcused = key === incarnation && repaired.has(delivery)
      if (commit < (last.get(key) ?? 0) && !isExcused)
        fail('commit-order', `${key.slice(0, 6)} commit ${commit} after ${last.get(key)}`)
      last.set(key, Math.max(commit, last.get(key) ?? 0))
    }
  }
}
