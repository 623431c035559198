import type { LostEntry } from './journal-line.ts'
import type { Table } from './commit-plan.ts'
import { countsUpTo, plannedCommit, spotOf, tables } from './commit-plan.ts'
import { StreamLedger } from './stream-ledger.ts'
import type { Violation } from './violation.ts'

type Fail = (violation: Violation) => void

/** A publisher that was silent for 10 s is gone, by contract, whether it lives or not. */
const goneAfterUs = 10_000_000

/** What is held of it, and the gaps between, come one right after the other. */
const sameEndingUs = 1_000_000

/** A loss as it was told. */
export interface ToldLoss {
  readonly at: number
  readonly isEnd: boolean
}

/** What one subscription was given of one incarnation of a publisher. */
export class Reception {
  /** By place in `tables`; null: not wanted. */
  readonly streams: readonly (StreamLedger | null)[]
  /** When losses of it were told. */
  readonly told: ToldLoss[] = []
  /** Any table of it that was not known otherwise: reported lost as a whole. */
  atLargeAt = Infinity
  readonly #fail: Fail
  delivered = 0
  #deliveredAt = -Infinity
  #goneAt = -Infinity

  constructor(wanted: readonly string[] | '*', fail: Fail) {
    this.#fail = fail
    this.streams = tables.map((table) =>
      wanted === '*' || wanted.includes(table) ? new StreamLedger(table, fail) : null,
    )
  }

  /** The commits `first` to `last`, whole and in order. */
  took(at: number, first: number, last: number): void {
    this.#deliveredAt = at
    const before = countsUpTo(first - 1)
    const after = countsUpTo(last)
    for (const [place, stream] of this.streams.entries()) {
      if (!stream) continue
      const from = (before[place] as number) + 1
      const to = after[place] as number
      if (from > to) continue
      this.delivered += to - from + 1
      stream.deliver(at, from, to)
    }
  }

  /** One delivery of this publisher that is anything else. */
  part(
    at: number,
    updates: readonly { readonly table: string; readonly number: number }[],
    incomplete: boolean,
  ): void {
    this.delivered += updates.length
    this.#deliveredAt = at
    const commits = new Map<number, number>()
    let last = { commit: 0, place: 0 }
    for (const { table, number } of updates) {
      const place = tables.indexOf(table as Table)
      const stream = this.streams[place]
      if (!stream || number < 1) {
        this.#fail({ rule: 'never-published', updates: 1, text: `${table} ${number} at ${at}` })
        continue
      }
      const spot = spotOf(place, number)
      if (spot.commit < last.commit || (spot.commit === last.commit && spot.place <= last.place))
        this.#fail({ rule: 'out-of-order', updates: 1, text: `${table} ${number}: its place` })
      last = spot
      commits.set(spot.commit, (commits.get(spot.commit) ?? 0) + 1)
      stream.deliver(at, number, number)
    }
    for (const [commit, here] of commits) this.#judgeCommit(commit, here, incomplete, at)
  }

  lost(entry: LostEntry): void {
    this.told.push({ at: entry.at, isEnd: entry.ends })
    if (entry.table === null) {
      this.atLargeAt = Math.min(this.atLargeAt, entry.at)
      return
    }
    const isSilence = entry.reason === 'gone' && this.#isGone(entry.at)
    this.streams[tables.indexOf(entry.table as Table)]?.lose(entry, isSilence)
  }

  /** Behind the first gap of a publisher that is gone come the parcels that were held, and other gaps. */
  #isGone(at: number): boolean {
    const isSilent = at - this.#deliveredAt >= goneAfterUs || at - this.#goneAt < sameEndingUs
    if (isSilent) this.#goneAt = at
    return isSilent
  }

  #judgeCommit(commit: number, here: number, incomplete: boolean, at: number): void {
    const wanted = plannedCommit(commit).filter(({ table }) => this.streams[tables.indexOf(table)])
    const text = `commit ${commit}: ${here} of ${wanted.length} updates at ${at}`
    if (here < wanted.length && !incomplete) this.#fail({ rule: 'torn', updates: here, text })
    if (!incomplete) return
    const isExplained = wanted.some(({ table, number }) =>
      this.streams[tables.indexOf(table)]?.isToldLost(number),
    )
    if (here >= wanted.length || !isExplained)
      this.#fail({ rule: 'false-incomplete', updates: here, text })
  }
}
