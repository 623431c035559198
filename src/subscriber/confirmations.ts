import type { TableSequence } from '../model/message.ts'
import { type Request, wantsTable } from '../model/request.ts'
import type { Subscription } from './subscription.ts'

/** Flushes of one publisher remembered; it asks again every quarter of a second anyway. */
const maxTargets = 16

/** Streams in one confirmation: with names of full length they still fit a request. */
const maxStreamsAtOnce = 3_500

/**
 * Tells publishers that ask (in a flush, or when they leave) up to where all subscriptions of this
 * process have delivered or reported: at once, and again as soon as what was asked for is reached.
 */
export class Confirmations {
  readonly #id: string
  readonly #output: { request(request: Request): void }
  /** By incarnation: what the publisher waits for, one target for each flush, the oldest first. */
  readonly #asked = new Map<string, (readonly TableSequence[])[]>()

  constructor(id: string, output: { request(request: Request): void }) {
    this.#id = id
    this.#output = output
  }

  /** A publisher asks; it is told at once how far we are, and again at each target. */
  asked(
    incarnation: string,
    target: readonly TableSequence[],
    subscriptions: readonly Subscription[],
  ): void {
    const targets = this.#asked.get(incarnation) ?? []
    if (targets.length === maxTargets) targets.shift()
    targets.push(target)
    this.#asked.set(incarnation, targets)
    this.#send(incarnation, targets, subscriptions, true)
  }

  /** It waits no longer. */
  forget(incarnation: string): void {
    this.#asked.delete(incarnation)
  }

  /** The subscriptions have got further. */
  progressed(subscriptions: readonly Subscription[]): void {
    for (const [incarnation, targets] of this.#asked)
      this.#send(incarnation, targets, subscriptions, false)
  }

  /** `always`: also where no target is reached yet. */
  #send(
    incarnation: string,
    targets: (readonly TableSequence[])[],
    subscriptions: readonly Subscription[],
    always: boolean,
  ): void {
    const confirmed = confirmedByAll(subscriptions, incarnation)
    const waiting = targets.filter((target) => !isReached(target, confirmed, subscriptions))
    if (waiting.length === 0) this.#asked.delete(incarnation)
    else this.#asked.set(incarnation, waiting)
    if (waiting.length === targets.length && !always) return
    const streams = [...confirmed].map(([table, last]) => ({ table, last }))
    for (let from = 0; from === 0 || from < streams.length; from += maxStreamsAtOnce)
      this.#output.request({
        kind: 'confirm',
        subscriber: this.#id,
        incarnation,
        streams: streams.slice(from, from + maxStreamsAtOnce),
      })
  }
}

function isReached(
  target: readonly TableSequence[],
  confirmed: ReadonlyMap<string, number>,
  subscriptions: readonly Subscription[],
): boolean {
  return target.every(({ table, last }) => {
    const reached = confirmed.get(table)
    if (reached !== undefined) return reached >= last
    return !subscriptions.some((each) => wantsTable(each.tables, table))
  })
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
