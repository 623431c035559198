import { wantsTable } from '../../model/request.ts'
import type {
  DeliveredUpdate,
  PublishedUpdate,
  PublisherJournal,
  ReportedLoss,
  SubscriberJournal,
} from './journal.ts'

/** A rule of the delivery contract that did not hold. */
export interface Violation {
  readonly rule:
    | 'never-ready'
    | 'silent-loss'
    | 'twice'
    | 'out-of-order'
    | 'commit-order'
    | 'not-whole'
    | 'place-order'
    | 'delivered-and-lost'
    | 'end-without-open'
    | 'open-for-live'
    | 'never-published'
  readonly text: string
}

export interface Verdict {
  readonly violations: Violation[]
  readonly owed: number
  readonly delivered: number
  readonly lost: number
}

interface ToldRange {
  from: number
  to: number
  /** It was reported open: an update of it may come after all. */
  readonly wasOpen: boolean
}

interface StreamLedger {
  readonly delivered: Map<number, DeliveredUpdate>
  readonly told: ToldRange[]
  last: number
}

/**
 * The outside checker: judges by set arithmetic over what the applications wrote down, never by the
 * product's own counters.
 */
export function check(
  publishers: ReadonlyMap<string, PublisherJournal>,
  subscribers: Iterable<SubscriberJournal>,
): Verdict {
  const verdict: Verdict = { violations: [], owed: 0, delivered: 0, lost: 0 }
  const total = { owed: 0, delivered: 0, lost: 0 }
  for (const journal of subscribers) {
    const checker = new SubscriberChecker(journal, publishers, verdict.violations)
    checker.run()
    total.owed += checker.owed
    total.delivered += journal.delivered.length
    total.lost += checker.lost
  }
  return { ...verdict, ...total }
}

class SubscriberChecker {
  readonly #journal: SubscriberJournal
  readonly #publishers: ReadonlyMap<string, PublisherJournal>
  readonly #violations: Violation[]
  readonly #ledgers = new Map<string, StreamLedger>()
  owed = 0
  lost = 0

  constructor(
    journal: SubscriberJournal,
    publishers: ReadonlyMap<string, PublisherJournal>,
    violations: Violation[],
  ) {
    this.#journal = journal
    this.#publishers = publishers
    this.#violations = violations
  }

  run(): void {
    this.#checkOrder()
    this.#readLosses()
    this.#checkCommits()
    if (this.#journal.endedAt < Infinity) return
    if (this.#journal.readyAt === Infinity) this.#fail('never-ready', '')
    for (const publisher of this.#publishers.values()) this.#checkOwed(publisher)
  }

  #fail(rule: Violation['rule'], text: string): void {
    this.#violations.push({ rule, text: `${this.#journal.incarnation.slice(0, 6)}: ${text}` })
  }

  #ledger(incarnation: string, table: string): StreamLedger {
    const key = `${incarnation} ${table}`
    let ledger = this.#ledgers.get(key)
    if (!ledger) this.#ledgers.set(key, (ledger = { delivered: new Map(), told: [], last: 0 }))
    return ledger
  }

  #checkOrder(): void {
    for (const update of this.#journal.delivered) {
      const { incarnation, table, sequence } = update
      const ledger = this.#ledger(incarnation, table)
      const name = `${incarnation.slice(0, 6)}.${table}${sequence} at ${update.at.toFixed(0)}`
      const published = this.#published(update)
      if (!published || published.commit !== update.commit || published.place !== update.place)
        this.#fail('never-published', name)
      if (ledger.delivered.has(sequence)) this.#fail('twice', name)
      else if (sequence < ledger.last) this.#fail('out-of-order', `${name} after ${ledger.last}`)
      ledger.delivered.set(sequence, update)
      ledger.last = Math.max(ledger.last, sequence)
    }
  }

  #published({ incarnation, table, sequence }: DeliveredUpdate): PublishedUpdate | undefined {
    return this.#publishers.get(incarnation)?.updates.get(table)?.[sequence - 1]
  }

  #readLosses(): void {
    for (const loss of this.#journal.losses) {
      if (loss.publisher === null || loss.table === null) continue
      const ledger = this.#ledger(loss.publisher.incarnation, loss.table)
      if (loss.ends) this.#closeOpen(ledger, loss)
      else
        ledger.told.push({
          from: loss.from ?? 0,
          to: loss.to ?? Infinity,
          wasOpen: loss.to === null,
        })
    }
  }

  #closeOpen(ledger: StreamLedger, loss: ReportedLoss): void {
    const open = ledger.told.find(({ to }) => to === Infinity)
    if (!open) {
      this.#fail('end-without-open', `${loss.table} ${loss.from}..${loss.to}`)
      return
    }
    open.to = loss.to ?? Infinity
    open.from = Math.min(open.from, loss.from ?? 0)
  }

  /** Commits whole, in one delivery, in the order of the call; what is not whole says so and is told. */
  #checkCommits(): void {
    const byCommit = new Map<string, DeliveredUpdate[]>()
    for (const update of this.#journal.delivered) {
      const key = `${update.incarnation} ${update.commit} ${update.delivery}`
      const updates = byCommit.get(key)
      if (updates) updates.push(update)
      else byCommit.set(key, [update])
    }
    for (const updates of byCommit.values()) this.#checkCommit(updates)
    this.#checkCommitOrder()
  }

  #checkCommit(updates: readonly DeliveredUpdate[]): void {
    const [first] = updates
    if (!first) return
    const commit = this.#publishers.get(first.incarnation)?.commits[first.commit - 1] ?? []
    const wanted = commit.filter(({ table }) => wantsTable(this.#journal.tables, table))
    const name = `${first.incarnation.slice(0, 6)} commit ${first.commit} at ${first.at.toFixed(0)}`
    if (updates.length < wanted.length && !first.isIncomplete)
      this.#fail('not-whole', `${name}: ${updates.length} of ${wanted.length}`)
    if (updates.some((update, index) => update.place < (updates[index - 1]?.place ?? -1)))
      this.#fail('place-order', name)
  }

  /** Commits of one publisher come in order, per table always; see the contract for repaired ones. */
  #checkCommitOrder(): void {
    const last = new Map<string, number>()
    for (const { incarnation, table, commit } of this.#journal.delivered) {
      const key = `${incarnation} ${table}`
      if (commit < (last.get(key) ?? 0)) this.#fail('commit-order', `${key} commit ${commit}`)
      last.set(key, commit)
    }
  }

  /** Every update published after `ready` is delivered once, or lies in a reported loss. */
  #checkOwed(publisher: PublisherJournal): void {
    for (const [table, updates] of publisher.updates) {
      if (!wantsTable(this.#journal.tables, table)) continue
      const ledger = this.#ledger(publisher.incarnation, table)
      for (const update of updates) this.#checkUpdate(publisher, ledger, update)
    }
  }

  #checkUpdate(publisher: PublisherJournal, ledger: StreamLedger, update: PublishedUpdate): void {
    const { table, sequence, at } = update
    const name = `${publisher.incarnation.slice(0, 6)}.${table}${sequence} published ${at.toFixed(0)}`
    const isDelivered = ledger.delivered.has(sequence)
    const loss = ledger.told.find(({ from, to }) => from <= sequence && sequence <= to)
    if (isDelivered && loss && !loss.wasOpen && loss.from > 0)
      this.#fail('delivered-and-lost', name)
    if (at < this.#journal.readyAt) return
    this.owed++
    if (isDelivered) return
    if (loss) {
      this.lost++
      if (loss.to === Infinity && publisher.endedAt === Infinity) this.#fail('open-for-live', name)
      return
    }
    if (this.#isToldAtLarge(publisher, table, at)) {
      this.lost++
      return
    }
    const ended = publisher.endedAt < Infinity ? `, ended ${publisher.endedAt.toFixed(0)}` : ''
    this.#fail('silent-loss', `${name}${ended}, ready ${this.#journal.readyAt.toFixed(0)}`)
  }

  /** Told as a loss of any table of that publisher, or of publishers unknown. */
  #isToldAtLarge(publisher: PublisherJournal, table: string, at: number): boolean {
    return this.#journal.losses.some(
      (loss) =>
        (loss.publisher === null && loss.at >= at) ||
        (loss.publisher?.incarnation === publisher.incarnation &&
          loss.table === null &&
          publisher.endedAt < Infinity &&
          !this.#ledgers.get(`${publisher.incarnation} ${table}`)?.delivered.size),
    )
  }
}
