import type { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { Stretch } from './stretch.ts'

/**
 * Who could reach whom, when: sampled from outside, so that lateness and needless losses are judged
 * by what the network allowed and not by what the product thinks of it.
 */
export class Reach {
  readonly #network: SimulatedNetwork
  readonly #stretches = new Map<string, Stretch[]>()

  constructor(network: SimulatedNetwork) {
    this.#network = network
  }

  /** The times in which everything between the two worked, both ways, on every topic. */
  stretches(subscriber: string, publisher: string): readonly Stretch[] {
    return this.#stretches.get(`${subscriber}<${publisher}`) ?? []
  }

  /** The times in which a process lived and ran. */
  awake(process: string): readonly Stretch[] {
    return this.stretches(process, process)
  }

  /** Since when the path is free; Infinity when it is not. */
  freeSince(subscriber: string, publisher: string): number {
    const last = this.stretches(subscriber, publisher).at(-1)
    return last?.to === Infinity ? last.from : Infinity
  }

  sample(
    subscribers: Iterable<SimulatedProcess>,
    publishers: readonly SimulatedProcess[],
    now: number,
  ): void {
    for (const subscriber of subscribers) {
      this.#note(subscriber, subscriber, now)
      for (const publisher of publishers)
        if (publisher !== subscriber) this.#note(subscriber, publisher, now)
    }
  }

  #note(subscriber: SimulatedProcess, publisher: SimulatedProcess, now: number): void {
    const key = `${subscriber.incarnation}<${publisher.incarnation}`
    const isFree = this.#isFree(subscriber, publisher, now)
    const stretches = this.#stretches.get(key)
    const last = stretches?.at(-1)
    if (isFree && last?.to !== Infinity) {
      if (stretches) stretches.push({ from: now, to: Infinity })
      else this.#stretches.set(key, [{ from: now, to: Infinity }])
    } else if (!isFree && last?.to === Infinity) last.to = now
  }

  #isFree(subscriber: SimulatedProcess, publisher: SimulatedProcess, now: number): boolean {
    for (const process of [subscriber, publisher])
      if (!process.isAlive || process.isFrozen) return false
    if (subscriber === publisher) return true
    return this.#network
      .path(publisher, subscriber)
      .every((pipe) => pipe?.isFree(subscriber.topics, now) ?? false)
  }
}
