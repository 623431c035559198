import { allUpdatesTopic } from '../../model/topic.ts'
import type { Random } from '../../base/random.ts'
import type { Carrier, Down, Hub, Up } from './hub.ts'
import type { SimulatedClock } from './simulated-clock.ts'

export type PipeKind = 'direct' | 'inproc' | 'link' | 'publisher' | 'subscriber'

export interface PipeOptions {
  readonly delayMs?: number
  /** Messages under way in one direction; further ones are dropped without a word. */
  readonly capacity?: number
}

/** The grain in which it is looked at whether a path is free. */
export const sampleMs = 100

/** Messages overtake each other by at most so much. */
const shuffleMs = 40

/** How likely a subscription is dropped from the burst that a reconnect sends. */
export interface Forgetting {
  probability: number
}

/**
 * One connection of libzmq: `up` is nearer to the publisher, `down` nearer to the subscriber. It
 * keeps order, delays, drops at its high-water mark, and forgets subscriptions when it breaks.
 */
export class Pipe implements Carrier {
  readonly kind: PipeKind
  readonly up: Hub<Pipe>
  readonly down: Hub<Pipe>
  readonly topics = new Set<string>()
  isAlive = false
  isRemoved = false
  connectedAt = 0
  renewedAt = -Infinity
  /** Reasons for which it may not be connected now. */
  faults = 0
  /** While time is before it, messages are dropped with `dropProbability`. */
  dropUntil = 0
  dropProbability = 1
  /** So many messages more are dropped, whatever they are but subscriptions. */
  dropNext = 0
  /** So many messages on update topics more are dropped. */
  dropNextUpdates = 0
  /** While time is before it, what comes down may come twice, and out of order. */
  shuffleUntil = 0
  droppedAt = -Infinity
  readonly #clock: SimulatedClock
  readonly #random: Random
  readonly #forgetting: Forgetting
  readonly #delayMs: number
  readonly #capacity: number
  #epoch = 0
  #underWay = { up: 0, down: 0 }
  #lastAt = { up: 0, down: 0 }
  #stuck: (() => void)[] = []
  #isClogged = false

  constructor(
    kind: PipeKind,
    up: Hub<Pipe>,
    down: Hub<Pipe>,
    surroundings: { clock: SimulatedClock; random: Random; forgetting: Forgetting },
    { delayMs = 1, capacity = 200 }: PipeOptions = {},
  ) {
    this.kind = kind
    this.up = up
    this.down = down
    this.#clock = surroundings.clock
    this.#random = surroundings.random
    this.#forgetting = surroundings.forgetting
    this.#delayMs = delayMs
    this.#capacity = capacity
    up.downs.add(this)
    down.ups.add(this)
  }

  /** Breaks it, for one more reason. What is under way is gone. */
  block(): void {
    this.faults++
    if (!this.isAlive) return
    this.isAlive = false
    this.#epoch++
    this.#underWay = { up: 0, down: 0 }
    this.#stuck = []
    const topics = [...this.topics]
    this.topics.clear()
    this.up.forget(topics)
  }

  unblock(waitMs = 20 + this.#random() * 280): void {
    this.faults--
    this.connectSoon(waitMs)
  }

  connectSoon(waitMs: number): void {
    this.#clock.after(waitMs, () => {
      if (!this.isAlive && this.faults === 0 && !this.isRemoved) this.#connect()
    })
  }

  remove(): void {
    this.block()
    this.isRemoved = true
    this.up.downs.delete(this)
    this.down.ups.delete(this)
  }

  /** Everything under way, and what comes after it, stands still; the connection does not break. */
  clog(): void {
    this.#isClogged = true
  }

  unclog(): void {
    this.#isClogged = false
    this.thaw()
  }

  /** Everything that these topics need passes, now. */
  isFree(topics: Iterable<string>, now: number): boolean {
    if (!this.isAlive || this.#isClogged || now < this.dropUntil) return false
    if (this.dropNext > 0 || this.dropNextUpdates > 0) return false
    if (now - this.droppedAt < sampleMs) return false
    for (const topic of topics) if (!this.topics.has(topic)) return false
    return true
  }

  /** The end that stood still goes on: what had arrived there is taken. */
  thaw(): void {
    const stuck = this.#stuck
    this.#stuck = []
    for (const arrive of stuck) arrive()
  }

  sendUp(message: Up): void {
    if (!this.isAlive) return
    const isRequest = 'request' in message
    if (isRequest && this.#drops('up')) return
    this.#travel('up', this.up, () => {
      if ('subscribe' in message) this.#subscribe(message.subscribe)
      else if ('unsubscribe' in message) {
        if (this.topics.delete(message.unsubscribe)) this.up.forget([message.unsubscribe])
      } else this.up.up(message)
    })
  }

  sendDown(message: Down): void {
    if (!this.isAlive || !this.#isWanted(message.topic) || this.#drops('down', message.topic))
      return
    const take = (): void => this.down.down(message)
    const epoch = this.#epoch
    if (this.#clock.now() >= this.shuffleUntil) this.#travel('down', this.down, take)
    else
      for (let copies = this.#random() < 0.2 ? 2 : 1; copies > 0; copies--)
        this.#clock.after(this.#random() * shuffleMs, () => {
          if (this.#epoch === epoch) this.#travel('down', this.down, take)
        })
  }

  #connect(): void {
    this.isAlive = true
    this.#epoch++
    this.connectedAt = this.#clock.now()
    for (const topic of this.down.wanted())
      if (this.kind === 'inproc' || this.#random() >= this.#forgetting.probability)
        this.sendUp({ subscribe: topic })
    this.down.connected()
  }

  #isWanted(topic: string): boolean {
    for (const prefix of this.topics) if (topic.startsWith(prefix)) return true
    return false
  }

  #drops(way: 'up' | 'down', topic = ''): boolean {
    const isFull = this.#underWay[way] >= this.#capacity
    const isUnlucky = this.#clock.now() < this.dropUntil && this.#random() < this.dropProbability
    const isNext = this.dropNext > 0
    if (isNext) this.dropNext--
    const isNextUpdate = this.dropNextUpdates > 0 && topic.startsWith(allUpdatesTopic)
    if (isNextUpdate) this.dropNextUpdates--
    if (!isFull && !isUnlucky && !isNext && !isNextUpdate) return false
    this.droppedAt = this.#clock.now()
    return true
  }

  #subscribe(topic: string): void {
    if (this.topics.has(topic)) return
    const isFirst = !this.up.hasTopic(topic)
    this.topics.add(topic)
    if (isFirst) this.up.up({ subscribe: topic })
  }

  #travel(way: 'up' | 'down', end: Hub<Pipe>, take: () => void): void {
    this.#underWay[way]++
    const epoch = this.#epoch
    const now = this.#clock.now()
    const at = Math.max(this.#lastAt[way], now + this.#delayMs * (0.5 + this.#random()))
    this.#lastAt[way] = at
    const arrive = (): void => {
      if (this.#epoch !== epoch) return
      if (end.isFrozen || this.#isClogged) {
        this.#stuck.push(arrive)
        return
      }
      this.#underWay[way]--
      take()
    }
    this.#clock.after(at - now, arrive)
  }
}
