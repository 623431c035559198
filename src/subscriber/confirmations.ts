import type { TableSequence } from '../model/message.ts'
import { type Request, wantsTable } from '../model/request.ts'
import type { Subscription } from './subscription.ts'

/**
 * Tells publishers that ask (in a flush, or when they leave) up to where all subscriptions of this
 * process have delivered or reported: at once, and again as soon as what was asked for is reached.
 */
export class Confirmations {
  readonly #id: string
  readonly #output: { request(request: Request): void }
  /** By incarnation: what the publisher waits for. */
  readonly #asked = new Map<string, readonly TableSequence[]>()

  constructor(id: string, output: { request(request: Request): void }) {
    this.#id = id
    this.#output = output
  }

  asked(incarnation: string, streams: readonly TableSequence[]): void {
    this.#asked.set(incarnation, streams)
  }

  /** `always`: also where what was asked for is not reached yet. */
  send(subscriptions: readonly Subscription[], always: boolean): void {
    for (const [incarnation, target] of this.#asked) {
      const confirmed = confirmedByAll(subscriptions, incarnation)
      const reached = target.every(
        ({ table, last }) =>
          (confirmed.get(table) ?? Infinity) >= last &&
          (confirmed.has(table) || !subscriptions.some((each) => wantsTable(each.tables, table))),
      )
      if (!reached && !always) continue
      if (reached) this.#asked.delete(incarnation)
      const streams = [...confirmed].map(([table, last]) => ({ table, last }))
      this.#output.request({ kind: 'confirm', subscriber: this.#id, incarnation, streams })
    }
  }
}

/** For each table the least that any subscription of it has; absent while one has no base yet. */
function confirmedByAll(
  subscriptions: readonly Subscription[],
  incarnation: string,
): Map<string, number> {
  const least = new Map<string, number>()
  const counts = new Map<string, number>()
  for (const subscription of subscriptions)
    for (const { table, last } of subscription.confirmed(incarnation)) {
      least.set(table, Math.min(last, least.get(table) ?? Infinity))
      counts.set(table, (counts.get(table) ?? 0) + 1)
    }
  for (const table of least.keys()) {
    const wanting = subscriptions.filter((each) => each.wants(table)).length
    if ((counts.get(table) ?? 0) < wanting) least.delete(table)
  }
  return least
}
