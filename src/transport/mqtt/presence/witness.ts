import { inBackground } from '../../../base/background.ts'
import type { Registration } from '../../../model/roster-entry.ts'
import type { BrokerConnection } from '../broker/broker-connection.ts'
import type { BrokerTopics } from '../naming/broker-topics.ts'
import { nothing } from './own-presence.ts'
import type { KnownProcess, PresenceBook } from './presence-book.ts'
import { presenceLimits } from './presence-limits.ts'
import { encodePresence } from './presence-record.ts'
import { isOver } from './process-life.ts'

/**
 * Says of others what they cannot say any more: of a process of this host that it has ended, since nobody bears its pid; of any
 * other that its connection is gone, since it does not answer. Who lives after all takes it back.
 */
export class Witness {
  readonly #broker: BrokerConnection
  readonly #topics: BrokerTopics
  readonly #book: PresenceBook
  readonly #own: Pick<Registration, 'incarnation' | 'role'>
  /** What was said of whom on this connection. */
  readonly #said = new Set<string>()
  /** Whose end came on this connection. */
  readonly #endsHeard = new Set<string>()

  constructor(
    broker: BrokerConnection,
    topics: BrokerTopics,
    book: PresenceBook,
    own: Pick<Registration, 'incarnation' | 'role'>,
  ) {
    this.#broker = broker
    this.#topics = topics
    this.#book = book
    this.#own = own
  }

  /** Our own connection is another one. */
  connected(): void {
    this.#said.clear()
    this.#endsHeard.clear()
  }

  heardEnd(incarnation: string): void {
    if (this.#endsHeard.size < presenceLimits.mostEnded) this.#endsHeard.add(incarnation)
  }

  /** `askedMs`: how long ago everybody was asked who is there. */
  look(now: number, askedMs: number): void {
    if (this.#own.role === 'cluster') this.#clear(now)
    for (const known of this.#book.all()) {
      const { entry, incarnation, isConfirmed, life, presence } = known
      const isThere = isConfirmed && presence === 'here'
      if (incarnation === this.#own.incarnation || entry.state === 'ended' || isThere) continue
      // Also of one that is gone for long: who comes later to its host, where nobody was left, sees it.
      if (isOver(entry.pid, life)) this.#sayEnded(known)
      else if (!isConfirmed && presence === 'here' && askedMs >= presenceLimits.goneAfterMs)
        this.#sayGone(known)
    }
  }

  /** Brokers of 3.1.1 know no expiry: what others would let go of in time is taken away by GENESIS_CLUSTER. */
  #clear(now: number): void {
    const { clearGoneMs, endedExpiryMs } = presenceLimits
    for (const { entry, incarnation, presence, since } of this.#book.all()) {
      const ms = now - since
      if (entry.state === 'ended' && ms >= endedExpiryMs) this.#takeAway(['ended'], incarnation)
      else if (presence === 'gone' && ms >= clearGoneMs)
        this.#takeAway(['roster', 'gone'], incarnation)
    }
  }

  #takeAway(kinds: readonly ('roster' | 'gone' | 'ended')[], incarnation: string): void {
    if (!this.#isNew(`no ${kinds.join()} ${incarnation}`)) return
    for (const kind of kinds) this.#put(kind, incarnation, nothing, null)
  }

  /** The broker has lost what it kept: of those that have ended it is told again, by whoever comes first. */
  restore(): void {
    for (const known of this.#book.all())
      if (known.entry.state === 'ended' && !this.#endsHeard.has(known.incarnation))
        this.#sayEnded(known)
  }

  /** One that was leaving has said its last numbers. */
  #sayEnded({ incarnation, entry, life }: KnownProcess): void {
    if (!this.#isNew(`ended ${incarnation}`)) return
    const ended = { ...entry, state: 'ended' as const }
    const payload = encodePresence({ entry: ended, life, known: null, isGone: false })
    this.#put('ended', incarnation, payload, presenceLimits.endedExpiryMs)
    this.#takeAway(['roster', 'gone'], incarnation)
  }

  #sayGone({ incarnation }: KnownProcess): void {
    if (!this.#isNew(`gone ${incarnation}`)) return
    this.#put('gone', incarnation, willPayload, presenceLimits.entryExpiryMs)
  }

  #isNew(said: string): boolean {
    if (this.#said.has(said)) return false
    if (this.#said.size >= presenceLimits.mostEnded) this.#said.clear()
    this.#said.add(said)
    return true
  }

  #put(
    kind: 'roster' | 'gone' | 'ended',
    incarnation: string,
    payload: Buffer,
    expiryMs: number | null,
  ): void {
    const put = this.#broker.put(this.#topics.presence(kind, incarnation), payload, expiryMs)
    inBackground(put, () => {})
  }
}

/** A will is fixed when a connection begins, and so says nothing of the tables that come later. */
export const willPayload = Buffer.from('gone')
