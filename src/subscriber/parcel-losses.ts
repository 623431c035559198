import type { Loss } from '../model/loss.ts'
import type { CommitGroup } from './commit-grouping.ts'

type LostRange = Pick<Loss, 'table' | 'from' | 'to'>

/** A loss, or a reset, that a parcel has. */
interface LossOfParcel {
  readonly loss: Loss
  /** Of a reset, the commit that it stands in; null: it is a loss. */
  readonly commit: number | null
  /** What it takes beside itself. */
  readonly bytes: number
}

/** The losses of a parcel, and between which of its commits each of them is told. */
export class ParcelLosses {
  readonly #all: LossOfParcel[] = []
  /** What was told before, right up to here. */
  readonly #told: LostRange[] = []

  get isEmpty(): boolean {
    return this.#all.length === 0
  }

  toldBefore(table: string, to: number): void {
    this.#told.push({ table, from: 0, to })
  }

  add(loss: Loss, commit: number | null = null, bytes = 0): void {
    this.#all.push({ loss, commit, bytes })
  }

  /** Those that are told before each of the groups, and at last those behind them all. */
  among(groups: readonly CommitGroup[]): (readonly LossOfParcel[])[] {
    const lost = [...this.#told, ...this.#all.map(({ loss }) => loss)]
    const places: LossOfParcel[][] = Array.from({ length: groups.length + 1 }, () => [])
    for (const each of this.#all) {
      const { loss, commit } = each
      const place = commit === null ? placeOf(loss, groups, lost) : behindCommit(commit, groups)
      places[place]?.push(each)
    }
    return places
  }
}

/**
 * A reset is told behind its own commit: whoever reads the table again then reads all that the commit did, and applies
 * nothing of it over that.
 */
function behindCommit(commit: number, groups: readonly CommitGroup[]): number {
  const next = groups.findIndex((group) => group.commit > commit)
  return next < 0 ? groups.length : next
}

/**
 * Before which of the groups of its parcel a loss is told: behind what precedes it in its stream; but before
 * a commit that it cuts.
 */
function placeOf(loss: Loss, groups: readonly CommitGroup[], lost: readonly LostRange[]): number {
  const from = loss.from ?? 0
  for (let index = groups.length - 1; index >= 0; index--) {
    const group = groups[index] as CommitGroup
    const span = group.spans.get(loss.table ?? '')
    if (!span || span.first >= from) continue
    // What it lacks may be lost on both sides: before it as far as that reaches, and as there are places.
    const before = Math.min(span.mostBefore, lostUpTo(span.first - 1, loss.table, lost))
    const behind = span.missing - before
    return group.incomplete && from <= Math.max(span.last, span.last + behind) ? index : index + 1
  }
  return 0
}

/** How many updates in a row, `last` the last of them, are lost of a table. */
function lostUpTo(last: number, table: string | null, lost: readonly LostRange[]): number {
  let before = last
  for (;;) {
    const loss = lost.find(
      (each) => each.table === table && (each.from ?? 0) <= before && before <= (each.to ?? 0),
    )
    if (!loss) return last - before
    before = (loss.from ?? 0) - 1
  }
}
