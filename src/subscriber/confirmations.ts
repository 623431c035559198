import type { TableSequence } from '../model/message.ts'
import type { Request } from '../model/request.ts'
import type { SubscribedTables } from './subscribed-tables.ts'

/** Flushes of one publisher remembered; it asks again every quarter of a second anyway. */
const maxTargets = 16

/** Streams in one confirmation: with names of full length they still fit a request. */
const maxStreamsAtOnce = 3_500

/** What one flush waits for; the first `reached` of its streams are there. */
interface Target {
  readonly streams: readonly TableSequence[]
  reached: number
}

/**
 * Tells publishers that ask (in a flush, or when they leave) up to where all subscriptions of this
 * process have delivered or reported: at once, and again as soon as what was asked for is reached.
 */
export class Confirmations {
  readonly #id: string
  readonly #output: { request(request: Request): void }
  /** By incarnation: what the publisher waits for, one target for each flush, the oldest first. */
  readonly #asked = new Map<string, Target[]>()

  constructor(id: string, output: { request(request: Request): void }) {
    this.#id = id
    this.#output = output
  }

  /** A publisher asks; it is told at once how far we are, and again at each target. */
  asked(
    incarnation: string,
    streams: readonly TableSequence[],
    subscriptions: readonly SubscribedTables[],
  ): void {
    const targets = this.#asked.get(incarnation) ?? []
    if (targets.length === maxTargets) targets.shift()
    targets.push({ streams, reached: 0 })
    this.#asked.set(incarnation, targets)
    this.#letGoOfReached(incarnation, targets, subscriptions)
    this.#confirm(incarnation, subscriptions)
  }

  /** It waits no longer. */
  forget(incarnation: string): void {
    this.#asked.delete(incarnation)
  }

  /** The subscriptions have got further. */
  progressed(subscriptions: readonly SubscribedTables[]): void {
    for (const [incarnation, targets] of this.#asked)
      if (this.#letGoOfReached(incarnation, targets, subscriptions))
        this.#confirm(incarnation, subscriptions)
  }

  /** True where there was one. */
  #letGoOfReached(
    incarnation: string,
    targets: readonly Target[],
    subscriptions: readonly SubscribedTables[],
  ): boolean {
    const waiting = targets.filter((target) => !isReached(target, incarnation, subscriptions))
    if (waiting.length === 0) this.#asked.delete(incarnation)
    else this.#asked.set(incarnation, waiting)
    return waiting.length < targets.length
  }

  #confirm(incarnation: string, subscriptions: readonly SubscribedTables[]): void {
    const confirmed = confirmedByAll(subscriptions, incarnation)
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

/** Goes on where it stopped the last time: nothing that is delivered is taken back. */
function isReached(
  target: Target,
  incarnation: string,
  subscriptions: readonly SubscribedTables[],
): boolean {
  for (; target.reached < target.streams.length; target.reached++) {
    const { table, last } = target.streams[target.reached] as TableSequence
    for (const each of subscriptions)
      if (each.wants(table) && each.confirmedIn(incarnation, table) < last) return false
  }
  return true
}

/** For each table the least that any subscription of it has; absent while one has no base yet. */
function confirmedByAll(
  subscriptions: readonly SubscribedTables[],
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
