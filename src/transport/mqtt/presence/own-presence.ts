import { isDeepStrictEqual } from 'node:util'
import { inBackground } from '../../../base/background.ts'
import type { Registration, RosterEntry } from '../../../model/roster-entry.ts'
import type { BrokerConnection } from '../broker/broker-connection.ts'
import type { BrokerTopics } from '../naming/broker-topics.ts'
import { presenceLimits } from './presence-limits.ts'
import { encodePresence, entryOf, type PresenceRecord } from './presence-record.ts'
import type { RosterDigest } from './roster-digest.ts'

export const nothing = Buffer.alloc(0)

/** What this process says of itself: the broker keeps it, and it is said again on each connection. */
export class OwnPresence {
  readonly #broker: BrokerConnection
  readonly #topics: BrokerTopics
  readonly #incarnation: string
  readonly #life: string | null
  readonly #registered: (registration: Registration) => void
  #wanted: Registration | null = null
  /** What the broker has; null: nothing, or not on this connection. */
  #said: RosterEntry | null = null
  #isSaying = false

  /** `registered`: the broker has this. */
  constructor(
    broker: BrokerConnection,
    topics: BrokerTopics,
    incarnation: string,
    life: string | null,
    registered: (registration: Registration) => void,
  ) {
    this.#broker = broker
    this.#topics = topics
    this.#incarnation = incarnation
    this.#life = life
    this.#registered = registered
  }

  /** The broker has been told that this process is there, and not that it has ended. */
  get isSaid(): boolean {
    return this.#said !== null && this.#said.state !== 'ended'
  }

  say(registration: Registration): void {
    this.#wanted = registration
    this.#sayWanted()
  }

  /** Says that this process has ended, where anybody may know of it and it has not said so yet. */
  end(): void {
    if (this.#wanted && this.#wanted.state !== 'ended')
      this.say({ ...this.#wanted, state: 'ended' })
  }

  /** On a new connection: our will may have been told, and what we said may be lost. */
  sayAgain(): void {
    this.#said = null
    if (this.#wanted && this.#wanted.state !== 'ended') this.#put('gone', nothing, null)
    this.#sayWanted()
  }

  /** Somebody says that we are gone, or have ended, and we are here. */
  contradict(kind: 'gone' | 'ended'): void {
    // Our own word that we have ended comes back before the broker has acknowledged it.
    if (!this.isSaid || this.#wanted?.state === 'ended') return
    this.#put(kind, nothing, null)
    this.#said = null
    this.#sayWanted()
  }

  /** What the broker keeps for an hour is said again before. */
  refresh(): void {
    if (!this.isSaid) return
    this.#said = null
    this.#sayWanted()
  }

  /** To who has asked who is there. */
  answer(known: RosterDigest | null): void {
    if (this.#said && this.isSaid) this.#put('here', this.#record(this.#said, known))
  }

  /** One after the other: of what is said meanwhile the latest counts. */
  #sayWanted(): void {
    if (this.#isSaying) return
    this.#isSaying = true
    // What fails with the connection is said again on the next one.
    inBackground(
      this.#sayAll().finally(() => (this.#isSaying = false)),
      () => {},
    )
  }

  async #sayAll(): Promise<void> {
    for (let wanted = this.#wanted; wanted;) {
      const entry = entryOf(wanted)
      if (!isDeepStrictEqual(entry, this.#said)) await this.#sayEntry(entry)
      this.#said = entry
      this.#registered(wanted)
      wanted = this.#wanted === wanted ? null : this.#wanted
    }
  }

  async #sayEntry(entry: RosterEntry): Promise<void> {
    const { endedExpiryMs, entryExpiryMs } = presenceLimits
    const kind = entry.state === 'ended' ? 'ended' : 'roster'
    const topic = this.#topics.presence(kind, this.#incarnation)
    const expiryMs = entry.state === 'ended' ? endedExpiryMs : entryExpiryMs
    await this.#broker.put(topic, this.#record(entry, null), expiryMs)
    if (entry.state !== 'ended') return
    for (const over of ['roster', 'gone'] as const) this.#put(over, nothing, null)
  }

  #put(
    kind: 'roster' | 'gone' | 'ended' | 'here',
    payload: Buffer,
    expiryMs?: number | null,
  ): void {
    const topic = this.#topics.presence(kind, this.#incarnation)
    inBackground(this.#broker.put(topic, payload, expiryMs), () => {})
  }

  #record(entry: RosterEntry, known: PresenceRecord['known']): Buffer {
    return encodePresence({ entry, life: this.#life, known, isGone: false })
  }
}
