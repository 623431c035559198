import type { Delivery } from '../../model/update.ts'
import {
  type DeliveredUpdate,
  type FoldedDelivery,
  lacksReset,
  type LatestOfKey,
  type PublishedUpdate,
  type PublisherJournal,
  type SubscriberJournal,
  wantsTable,
} from './journal.ts'
import type { Fail } from './violation.ts'

type ConflatedDelivery = Extract<Delivery, { type: 'conflated' }>
type Publishers = ReadonlyMap<string, PublisherJournal>

/** The field that tells the records of a table apart. */
export const keyField = 'place'

/** Writes down a conflated delivery: what it stands for, as if it had been delivered, and what was handed over. */
export function noteFolded(
  journal: SubscriberJournal,
  delivery: ConflatedDelivery,
  publishers: Publishers,
  at: number,
): void {
  const number = ++journal.deliveries
  const covered = coveredBy(delivery, publishers)
  const isIncomplete = delivery.incomplete === true
  for (const update of covered)
    journal.delivered.push({ ...update, delivery: number, isIncomplete, at })
  const latest = delivery.updates.map(
    ({ publisher, table, sequence, commit, record, version }): LatestOfKey => ({
      incarnation: publisher?.incarnation ?? '',
      table,
      sequence: sequence ?? 0,
      commit: commit ?? 0,
      place: (record as { place: number }).place,
      version,
    }),
  )
  journal.folded.push({ delivery: number, at, latest, folded: delivery.folded, isIncomplete })
}

/**
 * A conflated delivery says of all its commits at once that one is incomplete: finds which. When all is written down:
 * what a commit lacks may be told behind it.
 */
export function findCutCommits(journal: SubscriberJournal, publishers: Publishers): void {
  const { delivered } = journal
  for (const { delivery, isIncomplete } of journal.folded) {
    if (!isIncomplete) continue
    const covered = delivered.filter((update) => update.delivery === delivery)
    const isCut = cutCommits(covered, journal, publishers)
    for (const [index, update] of delivered.entries())
      if (update.delivery === delivery)
        delivered[index] = { ...update, isIncomplete: isCut(update) }
  }
}

type Covered = Pick<DeliveredUpdate, 'incarnation' | 'table' | 'sequence' | 'commit' | 'place'>

/** All that it stands for, in the order of the commits. */
function coveredBy({ ranges }: ConflatedDelivery, publishers: Publishers): Covered[] {
  const covered: Covered[] = []
  for (const { table, publisher, from, to } of ranges) {
    const { incarnation } = publisher
    const stream = publishers.get(incarnation)?.updates.get(table)
    for (let sequence = from; sequence <= to; sequence++) {
      // What was never published has no commit: the content of it is found wrong.
      const { commit = 0, place = 0 } = stream?.[sequence - 1] ?? {}
      covered.push({ incarnation, table, sequence, commit, place })
    }
  }
  return covered.toSorted(
    (a, b) =>
      a.incarnation.localeCompare(b.incarnation) || a.commit - b.commit || a.place - b.place,
  )
}

/** True for the updates of those that are not whole; for all where each is whole. */
function cutCommits(
  covered: readonly Covered[],
  journal: SubscriberJournal,
  publishers: Publishers,
): (update: Covered) => boolean {
  const keyOf = ({ incarnation, commit }: Covered): string => `${incarnation} ${commit}`
  const here = new Map<string, number>()
  for (const update of covered) here.set(keyOf(update), (here.get(keyOf(update)) ?? 0) + 1)
  const isCut = (update: Covered): boolean => {
    const all = publishers.get(update.incarnation)?.commits[update.commit - 1] ?? []
    const wanted = all.filter(({ table, reset }) => !reset && wantsTable(journal.tables, table))
    const isWhole = here.get(keyOf(update)) === wanted.length
    return !isWhole || lacksReset(all, update.incarnation, journal)
  }
  return covered.some(isCut) ? isCut : () => true
}

/**
 * A conflated delivery has one update of each key that it stands for: the one with the highest version of them all,
 * or one without a version that came behind it.
 */
export function checkFolding(journal: SubscriberJournal, publishers: Publishers, fail: Fail): void {
  if (journal.folded.length === 0) return
  const byDelivery = Map.groupBy(journal.delivered, ({ delivery }) => delivery)
  for (const folded of journal.folded)
    checkDelivery(folded, byDelivery.get(folded.delivery) ?? [], publishers, fail)
}

function checkDelivery(
  { delivery, at, latest, folded }: FoldedDelivery,
  covered: readonly DeliveredUpdate[],
  publishers: Publishers,
  fail: Fail,
): void {
  const name = `conflated delivery ${delivery} at ${at.toFixed(0)}`
  const published = ({ incarnation, table, sequence }: Covered): PublishedUpdate | undefined =>
    publishers.get(incarnation)?.updates.get(table)?.[sequence - 1]
  const keyOf = ({ table, place }: Covered): string => `${table} ${keyField} ${place}`
  const highest = new Map<string, bigint | undefined>()
  for (const update of covered) {
    const key = keyOf(update)
    highest.set(key, higher(highest.get(key), published(update)?.version))
  }
  if (latest.length + folded !== covered.length)
    fail('not-latest', `${name}: ${latest.length} and ${folded} folded of ${covered.length}`)
  const isHere = new Set(
    covered.map(({ incarnation, table, sequence }) => `${incarnation} ${table} ${sequence}`),
  )
  const keys = new Set<string>()
  for (const update of latest) {
    const { incarnation, table, sequence, commit, place, version } = update
    const key = keyOf(update)
    const text = `${name}: ${incarnation.slice(0, 6)}.${table}${sequence}, key ${key}`
    const own = published(update)
    if (
      !isHere.has(`${incarnation} ${table} ${sequence}`) ||
      own?.commit !== commit ||
      own.place !== place
    )
      fail('never-published', text)
    if (keys.has(key)) fail('not-latest', `${text} twice`)
    keys.add(key)
    const most = highest.get(key)
    const isOlder = own?.version !== undefined && own.version !== most
    if (version !== most || isOlder)
      fail('not-latest', `${text}: version ${own?.version}, told ${version}, there was ${most}`)
  }
  for (const key of highest.keys()) if (!keys.has(key)) fail('not-latest', `${name} lacks ${key}`)
}

function higher(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one > other ? one : other
}
