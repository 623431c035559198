import type { Delivery, Update } from '../../src/model/update.ts'
import { spotOf, tables, tablesOf } from './commit-plan.ts'
import { formatLoss, machineTime } from './journal-line.ts'
import type { JournalWriter } from './journal-writer.ts'
import { mistakeIn } from './record.ts'

interface Run {
  at: number
  first: number
  last: number
}

const places = new Map<string, number>(tables.map((table, place) => [table, place]))

/**
 * Writes down what a subscription is given. Whole commits in order, which is nearly everything, are
 * gathered to ranges, also over deliveries; whatever else comes is written update by update.
 */
export class Recorder {
  readonly #writer: JournalWriter
  readonly #wanted: readonly boolean[]
  readonly #indexes = new Map<string, number>()
  readonly #runs: (Run | null)[] = []

  constructor(writer: JournalWriter, wanted: readonly string[] | '*') {
    this.#writer = writer
    this.#wanted = tables.map((table) => wanted === '*' || wanted.includes(table))
    writer.write(`want ${machineTime()} ${wanted === '*' ? '*' : wanted.join(',')}`)
  }

  take(delivery: Delivery): void {
    const at = machineTime()
    if (delivery.type === 'loss') {
      for (const loss of delivery.losses) {
        const incarnation = loss.publisher?.incarnation
        const index = incarnation === undefined ? null : this.#index(incarnation)
        if (index === null) this.#writeRuns()
        else this.#writeRun(index)
        this.#writer.note(formatLoss(at, index, loss))
      }
      return
    }
    for (const updates of byPublisher(delivery.updates))
      this.#take(at, updates, delivery.incomplete === true)
  }

  /** Everything so far is in the file. */
  flush(): void {
    this.#writeRuns()
    this.#writer.flush()
  }

  #take(at: number, updates: readonly Update[], incomplete: boolean): void {
    const index = this.#index(updates[0]?.publisher?.incarnation ?? '-')
    for (const update of updates) {
      const mistake = mistakeIn(update, places.get(update.table) ?? 0)
      if (mistake) this.#writeWrong(at, update, mistake)
    }
    const run = incomplete ? null : this.#wholeCommits(updates)
    if (!run) return this.#part(at, index, updates, incomplete)
    const open = this.#runs[index]
    if (open && this.#follows(open.last, run.first)) {
      open.last = run.last
      open.at = at
      return
    }
    this.#writeRun(index)
    this.#runs[index] = { at, ...run }
  }

  /** True: no commit between them holds anything that is wanted. */
  #follows(last: number, first: number): boolean {
    return first > last && this.#nextWanted(last) === first
  }

  /** The commits of a delivery, if it holds all of their wanted updates in order and nothing else. */
  #wholeCommits(updates: readonly Update[]): { first: number; last: number } | null {
    let first = 0
    let commit = 0
    let shape: readonly number[] = []
    let place = -1
    for (const update of updates) {
      const table = places.get(update.table) ?? 0
      const number = Number((update.record as { NUMBER?: unknown }).NUMBER)
      if (!(number >= 1)) return null
      const spot = spotOf(table, number)
      if (this.#nextPlace(shape, place) < 0) {
        if (commit > 0 && this.#nextWanted(commit) !== spot.commit) return null
        commit = spot.commit
        shape = tablesOf(commit)
        place = -1
        if (first === 0) first = commit
      }
      place = this.#nextPlace(shape, place)
      if (spot.commit !== commit || spot.place !== place) return null
    }
    return this.#nextPlace(shape, place) < 0 && first > 0 ? { first, last: commit } : null
  }

  /** The next place of a commit that holds a wanted table; -1: there is none. */
  #nextPlace(shape: readonly number[], place: number): number {
    for (let next = place + 1; next < shape.length; next++)
      if (this.#wanted[shape[next] as number]) return next
    return -1
  }

  #nextWanted(commit: number): number {
    let next = commit + 1
    while (this.#nextPlace(tablesOf(next), -1) < 0) next++
    return next
  }

  #index(incarnation: string): number {
    let index = this.#indexes.get(incarnation)
    if (index === undefined) {
      index = this.#indexes.size
      this.#indexes.set(incarnation, index)
      this.#runs.push(null)
      this.#writer.note(`from ${index} ${incarnation}`)
    }
    return index
  }

  #part(at: number, index: number, updates: readonly Update[], incomplete: boolean): void {
    this.#writeRun(index)
    const list = updates.map(({ table, record }) => {
      const { NUMBER: number } = record as { NUMBER?: unknown }
      return `${table}:${Number.isSafeInteger(number) ? (number as number) : 0}`
    })
    this.#writer.note(`part ${at} ${index} ${incomplete ? '!' : '-'} ${list.join(',')}`)
  }

  #writeWrong(at: number, update: Update, mistake: string): void {
    const { table, sequence, commit, publisher } = update
    const place = `${table} ${sequence} of commit ${commit} of ${publisher?.process}`
    const record = JSON.stringify(update.record, (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}` : value,
    )
    this.#writer.note(`wrong ${at} ${place}: ${mistake}: ${record}`)
  }

  #writeRun(index: number): void {
    const run = this.#runs[index]
    if (!run) return
    this.#runs[index] = null
    this.#writer.note(`took ${run.at} ${index} ${run.first} ${run.last}`)
  }

  #writeRuns(): void {
    for (let index = 0; index < this.#runs.length; index++) this.#writeRun(index)
  }
}

/** Updates in stretches of one publisher. */
function* byPublisher(updates: readonly Update[]): Generator<readonly Update[]> {
  let from = 0
  for (let to = 1; to <= updates.length; to++) {
    const incarnation = updates[from]?.publisher?.incarnation
    if (to < updates.length && updates[to]?.publisher?.incarnation === incarnation) continue
    yield from === 0 && to === updates.length ? updates : updates.slice(from, to)
    from = to
  }
}
