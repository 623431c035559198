import { RangeSet } from '../../../src/base/range-set.ts'
import type { Loss } from '../../../src/model/loss.ts'
import type { Delivery, Update } from '../../../src/model/update.ts'
import type { StreamReport } from '../../harness/application-message.ts'
import type { Tables, TradeRecord } from './trades.ts'
import { isAsPublished, isTrade } from './trades.ts'

type Conflated = Extract<Delivery, { type: 'conflated' }>

interface Stream {
  readonly report: { -readonly [Field in keyof StreamReport]: StreamReport[Field] }
  readonly passedOver: RangeSet
}

/** Writes down what an application is given, and judges it by sequence and by content. */
export class Journal {
  /** Those included that another one stands for. */
  received = 0
  folded = 0
  torn = 0
  readonly losses: Loss[] = []
  readonly foreign: { table: string; sequence: number | null; record: object }[] = []
  readonly #streams = new Map<string, Stream>()

  take(delivery: Delivery): void {
    if (delivery.type === 'loss') {
      for (const loss of delivery.losses) this.#lose(loss)
      return
    }
    if (delivery.type === 'conflated') {
      this.#conflated(delivery)
      return
    }
    for (const update of delivery.updates) this.#update(update)
    if (!delivery.incomplete) this.#judgeCommits(delivery.updates)
  }

  get streams(): StreamReport[] {
    return [...this.#streams.values()].map(({ report, passedOver }) => ({
      ...report,
      missing: [...passedOver].reduce((sum, { from, to }) => sum + to - from + 1, 0),
    }))
  }

  /** True: all of each stream is delivered or reported up to there. */
  hasReached(published: Readonly<Record<string, number>>): boolean {
    const streams = [...this.#streams.values()]
    return Object.entries(published).every(([table, last]) =>
      streams.some(({ report }) => report.table === table && report.last >= last),
    )
  }

  /** Updates received of the processes of a name. */
  receivedOf(process: string): number {
    let sum = 0
    for (const { report } of this.#streams.values())
      if (report.process === process) sum += report.received
    return sum
  }

  /** Each of its ranges has to continue its stream, and what it delivers has to lie in one of them. */
  #conflated(delivery: Conflated): void {
    for (const { table, publisher, from, to } of delivery.ranges) {
      const { report, passedOver } = this.#stream({ table, publisher })
      if (from <= report.last) report.duplicates += report.last - from + 1
      if (report.first === 0) report.first = from
      else passedOver.add(report.last + 1, from - 1)
      report.last = Math.max(report.last, to)
      report.received += to - from + 1
      this.received += to - from + 1
    }
    this.folded += delivery.folded
    for (const update of delivery.updates) {
      if (update.foreign || update.sequence === null) {
        this.#foreign(update)
        continue
      }
      const { report } = this.#stream(update)
      const isCovered = delivery.ranges.some(
        ({ table, publisher, from, to }) =>
          table === update.table &&
          publisher.incarnation === update.publisher?.incarnation &&
          from <= (update.sequence ?? 0) &&
          (update.sequence ?? 0) <= to,
      )
      if (!isCovered || !isTrade(update) || !isRight(update)) report.wrong += 1
    }
  }

  #update(update: Update): void {
    if (update.foreign || update.sequence === null) return this.#foreign(update)
    const { report, passedOver } = this.#stream(update)
    const { sequence } = update
    if (!isTrade(update) || !isRight(update)) report.wrong += 1
    if (sequence <= report.last) {
      if (passedOver.has(sequence)) report.outOfOrder += 1
      else report.duplicates += 1
      passedOver.remove(sequence, sequence)
      return
    }
    if (report.first === 0) report.first = sequence
    else passedOver.add(report.last + 1, sequence - 1)
    report.last = sequence
    report.received += 1
    this.received += 1
  }

  #foreign({ table, sequence, record }: Update): void {
    this.foreign.push({ table, sequence, record })
  }

  #stream({ publisher, table }: Pick<Update, 'publisher' | 'table'>): Stream {
    const { node = '', process = '', incarnation = '' } = publisher ?? {}
    const key = `${incarnation} ${table}`
    let stream = this.#streams.get(key)
    if (!stream) {
      const counts = { first: 0, last: 0, received: 0, duplicates: 0, outOfOrder: 0 }
      const report = { node, process, incarnation, table, ...counts, wrong: 0, missing: 0 }
      stream = { report, passedOver: new RangeSet() }
      this.#streams.set(key, stream)
    }
    return stream
  }

  /** What is reported is not missing: the next update may be the one behind it. */
  #lose(loss: Loss): void {
    this.losses.push(loss)
    const stream = this.#streams.get(`${loss.publisher?.incarnation} ${loss.table}`)
    if (!stream || loss.to === null || loss.ends) return
    if (loss.from === stream.report.last + 1) stream.report.last = loss.to
  }

  #judgeCommits(updates: readonly Update[]): void {
    const sizes = new Map<string, { expected: number; here: number }>()
    for (const update of updates) {
      if (!isTrade(update) || update.publisher === null) continue
      const { COMMIT_SIZE: expected } = update.record
      if (expected === 1) continue
      const commit = `${update.publisher.incarnation} ${update.commit}`
      sizes.set(commit, { expected, here: (sizes.get(commit)?.here ?? 0) + 1 })
    }
    for (const { expected, here } of sizes.values()) if (here !== expected) this.torn += 1
  }
}

function isRight(update: Update<Tables>): boolean {
  const record: TradeRecord = update.record
  const { publisher, sequence } = update
  const isOwn = record.PUBLISHER === publisher?.process && record.NUMBER === sequence
  return isOwn && isAsPublished(record)
}
