import { inBackground } from '../../../base/background.ts'
import type { Clock, Timer } from '../../../base/clock.ts'
import type { Random } from '../../../base/random.ts'
import type { BrokerConnection } from '../broker/broker-connection.ts'
import type { BrokerTopics } from '../naming/broker-topics.ts'
import type { KnownProcess, PresenceBook } from './presence-book.ts'
import { presenceLimits } from './presence-limits.ts'
import { encodePresence } from './presence-record.ts'

interface ToldByOthersOptions {
  readonly broker: BrokerConnection
  readonly topics: BrokerTopics
  readonly book: PresenceBook
  /** Of this process. */
  readonly incarnation: string
  readonly clock: Clock
  readonly random: Random
}

/** Ends the question of who wants to be told of those, too, who do not answer. */
const suffix = ' all'

/**
 * Who does not answer for itself, told by those who know of it. Some brokers (RabbitMQ) bring nothing that they keep to a
 * filter with a wildcard: who connects there hears of the living, since they answer, and of nobody who has ended or is cut off.
 */
export class ToldByOthers {
  readonly #options: ToldByOthersOptions
  /** Of whom something came since the last question. */
  readonly #heard = new Set<string>()
  #bringsKept = false
  #hasAsked = false
  #timer: Timer | null = null

  constructor(options: ToldByOthersOptions) {
    this.#options = options
  }

  /** Another connection, maybe to another broker. */
  connected(): void {
    this.#bringsKept = false
    this.#hasAsked = false
    this.#timer?.cancel()
    this.#timer = null
  }

  /** Something of a process came; `isKept`: by a wildcard, from before. */
  heard(incarnation: string, isKept: boolean): void {
    this.#bringsKept ||= isKept
    if (this.#heard.size < presenceLimits.mostEnded) this.#heard.add(incarnation)
  }

  /** Somebody answers who had said something that the broker keeps, and nothing of that came: everybody is asked again. */
  answered(): void {
    if (this.#bringsKept || this.#hasAsked) return
    this.#hasAsked = true
    const { broker, incarnation, topics } = this.#options
    inBackground(broker.put(topics.ask, Buffer.from(incarnation + suffix)), () => {})
  }

  /** @returns who asks */
  takeQuestion(question: string): string {
    if (!question.endsWith(suffix)) return question
    const { clock, incarnation, random } = this.#options
    const asker = question.slice(0, -suffix.length)
    if (asker !== incarnation && this.#timer === null) {
      this.#heard.clear()
      this.#heard.add(incarnation)
      // Whoever comes first tells, and the others tell what is missing then.
      const ms = presenceLimits.tellOthersMs * (1 + random())
      this.#timer = clock.after(ms, () => {
        this.#timer = null
        this.#tell()
      })
    }
    return asker
  }

  close(): void {
    this.#timer?.cancel()
  }

  #tell(): void {
    const { book, clock } = this.#options
    for (const known of book.all())
      if (!this.#heard.has(known.incarnation)) this.#tellOf(known, clock.now())
  }

  #tellOf({ entry, incarnation, life, presence, since }: KnownProcess, now: number): void {
    const endedMsAgo = Math.floor((entry.endedMsAgo ?? 0) + now - since)
    const isEnd = entry.state === 'ended'
    if (isEnd && endedMsAgo > presenceLimits.endedExpiryMs) return
    const payload = encodePresence({
      entry: isEnd ? { ...entry, endedMsAgo } : entry,
      life,
      known: null,
      // As the broker would keep its will.
      isGone: presence !== 'here',
    })
    const { broker, topics } = this.#options
    inBackground(broker.put(topics.presence('told', incarnation), payload), () => {})
  }
}
