import { checkCommitOrder, checkCommits } from './commit-check.ts'
import { checkFolding, findCutCommits } from './folding.ts'
import {
  type PublishedUpdate,
  type PublisherJournal,
  type SubscriberJournal,
  wantsTable,
} from './journal.ts'
import type { Reach } from './reach.ts'
import { checkResets } from './simulated-resets.ts'
import { nameOf, type StreamLedger, StreamLedgers } from './stream-ledger.ts'
import { Timeliness } from './timeliness.ts'
import type { Fail, Violation } from './violation.ts'
import type { WireWatch } from './wire-watch.ts'

export interface Verdict {
  readonly violations: Violation[]
  readonly owed: number
  readonly delivered: number
  readonly lost: number
  /** Milliseconds from a path being free again until what was sent before was told, update by update. */
  readonly healMs: readonly number[]
}

/** What was seen from outside while the journals were written. */
interface Seen {
  readonly reach: Reach
  readonly watch: WireWatch
  /** The network kept the order of what it carried. */
  readonly keptOrder: boolean
  /** From then on nothing has been broken for so long that every path was made anew. */
  readonly calmFrom: number
}

/**
 * The outside checker: judges by set arithmetic over what the applications wrote down, never by the
 * product's own counters.
 */
export function check(
  publishers: ReadonlyMap<string, PublisherJournal>,
  subscribers: readonly SubscriberJournal[],
  seen: Seen | null = null,
): Verdict {
  const violations: Violation[] = []
  const healMs: number[] = []
  const total = { owed: 0, delivered: 0, lost: 0 }
  for (const journal of subscribers) {
    const others = subscribers.filter(
      (each) => each !== journal && each.incarnation === journal.incarnation,
    )
    const checker = new SubscriberChecker(journal, others, publishers, violations, seen)
    checker.run()
    total.owed += checker.owed
    total.delivered += journal.delivered.length
    total.lost += checker.lost
    for (const ms of checker.healMs) healMs.push(ms)
  }
  for (const { incarnation, callsFromInside } of publishers.values())
    for (const outcome of callsFromInside)
      if (outcome !== 'USAGE')
        violations.push({ rule: 'taken-inside', text: `${incarnation.slice(0, 6)}: ${outcome}` })
  for (const text of seen?.watch.violations ?? []) violations.push({ rule: 'unannounced', text })
  return { violations, healMs, ...total }
}

class SubscriberChecker {
  readonly #journal: SubscriberJournal
  /** Of the other subscriptions of its process. */
  readonly #others: readonly SubscriberJournal[]
  readonly #publishers: ReadonlyMap<string, PublisherJournal>
  readonly #ledgers: StreamLedgers
  readonly #seen: Seen | null
  readonly #timeliness: Timeliness | null
  readonly #fail: Fail
  owed = 0
  lost = 0

  constructor(
    journal: SubscriberJournal,
    others: readonly SubscriberJournal[],
    publishers: ReadonlyMap<string, PublisherJournal>,
    violations: Violation[],
    seen: Seen | null,
  ) {
    this.#journal = journal
    this.#others = others
    this.#publishers = publishers
    this.#fail = (rule, text) =>
      violations.push({ rule, text: `${journal.incarnation.slice(0, 6)}: ${text}` })
    findCutCommits(journal, publishers)
    this.#ledgers = new StreamLedgers(journal, publishers, this.#fail)
    this.#seen = seen
    this.#timeliness = seen && new Timeliness(journal, seen.reach, seen.watch, this.#fail)
  }

  get healMs(): readonly number[] {
    return this.#timeliness?.healMs ?? []
  }

  run(): void {
    const journal = this.#journal
    this.#checkContent()
    checkCommits(journal, this.#publishers, this.#ledgers, this.#fail)
    checkFolding(journal, this.#publishers, this.#fail)
    const ordered = this.#seen?.keptOrder ? this.#seen.watch : null
    checkResets(journal, this.#publishers, ordered, this.#fail)
    if (this.#seen?.keptOrder) checkCommitOrder(journal, this.#seen.watch, this.#fail)
    for (const loss of journal.losses)
      if (loss.falseBecause)
        this.#fail(
          loss.to === null ? 'false-gone' : 'false-loss',
          `${nameOf(loss)}: ${loss.falseBecause}`,
        )
    for (const name of journal.unproven) this.#fail('ready-early', name)
    for (const publisher of this.#publishers.values()) this.#checkFlushes(publisher)
    if (journal.endedAt < Infinity) return
    if (journal.readyAt === Infinity) this.#fail('never-ready', '')
    if (journal.heldAtEnd > 0) this.#fail('stuck', `${journal.heldAtEnd} bytes are held for ever`)
    for (const publisher of this.#publishers.values()) this.#checkOwed(publisher)
    this.#checkOpen()
  }

  /** Whoever lives is heard in the end, and for good, and says how far each loss goes; so do last numbers. */
  #checkOpen(): void {
    for (const { incarnation, table, told } of this.#ledgers.all)
      if (told.some(({ to }) => to === Infinity))
        this.#failOpen(incarnation, `${incarnation.slice(0, 6)}.${table}`)
    for (const [incarnation, loss] of this.#ledgers.openInAny)
      this.#failOpen(incarnation, nameOf(loss))
    const calmFrom = this.#seen?.calmFrom ?? Infinity
    for (const loss of this.#journal.losses)
      if (loss.to === null && loss.at >= calmFrom && this.#lives(loss.publisher?.incarnation ?? ''))
        this.#fail('false-gone', `${nameOf(loss)}: it lives, and all was healed long before`)
  }

  #failOpen(publisher: string, name: string): void {
    if (this.#lives(publisher)) this.#fail('open-for-live', name)
    else if (this.#journal.toldLastOf.has(publisher)) this.#fail('open-after-end', name)
  }

  #lives(publisher: string): boolean {
    return this.#publishers.get(publisher)?.endedAt === Infinity
  }

  #checkContent(): void {
    for (const update of this.#journal.delivered) {
      const { incarnation, table, sequence, commit, place } = update
      const published = this.#publishers.get(incarnation)?.updates.get(table)?.[sequence - 1]
      if (!published || published.reset || published.commit !== commit || published.place !== place)
        this.#fail('never-published', `${incarnation.slice(0, 6)}.${table}${sequence}`)
    }
  }

  /** Whoever is said to have everything has it, or was told what is lost of it. */
  #checkFlushes(publisher: PublisherJournal): void {
    const { incarnation, readyAt } = this.#journal
    for (const { confirmed, target, endedAt } of publisher.flushes) {
      if (!confirmed.includes(incarnation)) continue
      if (endedAt < readyAt) this.#checkUnready(publisher, endedAt, target)
      for (const [table, last] of target) {
        if (!wantsTable(this.#journal.tables, table)) continue
        const ledger = this.#ledgers.of(publisher.incarnation, table)
        const isHere = (update: PublishedUpdate): boolean =>
          update.sequence > last || update.at < readyAt || toldAt(ledger, update) <= endedAt
        const missing = publisher.updates.get(table)?.find((update) => !isHere(update))
        if (missing)
          this.#fail(
            'false-confirmation',
            `${publisher.incarnation.slice(0, 6)}.${table}${missing.sequence} by ${endedAt.toFixed(0)}`,
          )
      }
    }
  }

  /**
   * A subscription that is not ready confirms nothing. What others of its process had confirmed before it began stands,
   * and of tables that only this one wants the publisher may not have heard yet.
   */
  #checkUnready(
    publisher: PublisherJournal,
    endedAt: number,
    target: ReadonlyMap<string, number>,
  ): void {
    const { tables, subscribedAt } = this.#journal
    const ready = this.#others.filter((other) => other.readyAt <= endedAt)
    for (const [table, last] of target) {
      if (!wantsTable(tables, table)) continue
      const isAwaited = ready.some((other) => wantsTable(other.tables, table))
      if (ready.length > 0 && !isAwaited) continue
      const update = publisher.updates.get(table)?.[last - 1]
      if (ready.length === 0 || (update && update.at >= subscribedAt))
        this.#fail(
          'false-confirmation',
          `${publisher.incarnation.slice(0, 6)}.${table}${last} by ${endedAt.toFixed(0)}, not ready`,
        )
    }
  }

  /** Every update published after `ready` is delivered once, or lies in a reported loss. */
  #checkOwed(publisher: PublisherJournal): void {
    for (const [table, updates] of publisher.updates) {
      if (!wantsTable(this.#journal.tables, table)) continue
      if (this.#diedWithAll(publisher, table)) continue
      const ledger = this.#ledgers.of(publisher.incarnation, table)
      for (const update of updates) this.#checkUpdate(publisher, ledger, update)
    }
  }

  /**
   * It died before its node knew of the table, and nothing of it had left: as if it had died before `publish()`. Had
   * anything left, somebody could have it, and all the others must be told.
   */
  #diedWithAll({ incarnation, endedAt, leftAt }: PublisherJournal, table: string): boolean {
    const hasDied = endedAt < Infinity && leftAt === Infinity
    return hasDied && this.#seen !== null && !this.#seen.watch.hasLeft(incarnation, table)
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
    if (isDelivered || loss) {
      const told = Math.min(toldAt(ledger, update), this.#toldAtLargeAt(publisher, at))
      this.#timeliness?.judge(publisher, update, told)
    }
    if (isDelivered) return
    if (loss) {
      if (!loss.isReset) this.lost++
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
    const { delivered } = this.#ledgers.of(publisher.incarnation, table)
    if (delivered.size === 0 && this.#toldAtLargeAt(publisher, at) < Infinity) return true
    // The residues that are documented: whoever came behind the old roster has not lost it, and
    // whoever knew it is told, but nobody can say of whom, or until when.
    const { incarnation, node, subscribedAt } = this.#journal
    if (publisher.neverToldTo.has(node))
      return this.#seen?.watch.heardAt(incarnation, publisher.incarnation) === -Infinity
    if (publisher.diedUnknown && subscribedAt >= publisher.forgottenAt)
      return this.#seen?.watch.heardAt(incarnation, publisher.incarnation) === -Infinity
    return this.#journal.losses.some(
      (loss) => loss.publisher === null && (loss.at >= at || publisher.diedUnknown),
    )
  }

  /** When it was told that anything of a publisher that has ended may be lost; Infinity: never. */
  #toldAtLargeAt({ incarnation, endedAt }: PublisherJournal, at: number): number {
    if (endedAt === Infinity) return Infinity
    const loss = this.#journal.losses.find(
      ({ publisher, table }) => table === null && publisher?.incarnation === incarnation,
    )
    return loss ? Math.max(loss.at, at) : Infinity
  }
}

/** When an update was delivered or told to be lost; Infinity: never. */
function toldAt(ledger: StreamLedger, { sequence, at }: PublishedUpdate): number {
  const delivered = ledger.delivered.get(sequence)
  const loss = ledger.told.find(({ from, to }) => from <= sequence && sequence <= to)
  return Math.min(delivered?.at ?? Infinity, loss ? Math.max(loss.at, at) : Infinity)
}
