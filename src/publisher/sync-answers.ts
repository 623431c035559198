import type { StreamState, TableSequence } from '../model/message.ts'
import type { SyncRequest } from '../model/request.ts'
import { replyTopic, updateTopic, allUpdatesTopic } from '../model/topic.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import { encodeMessage } from '../wire/frames/message-codec.ts'
import type { PublisherLimits } from './publisher-limits.ts'
import type { Send } from './outgoing-message.ts'

export interface SyncSource {
  /** The states of the streams of the tables asked for, or of all streams; all taken at one moment. */
  states(request: SyncRequest, now: number): StreamState[]
  lastSent(table: string): number
}

type SyncLimits = Pick<PublisherLimits, 'syncGatherMs' | 'syncPauseMs'>

/**
 * Gathers syncs for a moment and answers them together: to each asker the vector on its reply
 * topic, and on each update topic that was asked for one mark that answers all who asked.
 */
export class SyncAnswers {
  readonly #identity: PublisherIdentity
  readonly #limits: SyncLimits
  #answeredAt = -Infinity
  #pending: SyncRequest[] = []
  #deadline = Infinity

  constructor(identity: PublisherIdentity, limits: SyncLimits) {
    this.#identity = identity
    this.#limits = limits
  }

  get deadline(): number {
    return this.#deadline
  }

  add(request: SyncRequest, now: number): void {
    const { syncGatherMs, syncPauseMs } = this.#limits
    if (this.#pending.length === 0)
      this.#deadline = Math.max(now + syncGatherMs, this.#answeredAt + syncPauseMs)
    this.#pending.push(request)
  }

  send(now: number, source: SyncSource, send: Send): void {
    const requests = this.#pending
    this.#answeredAt = now
    this.#pending = []
    this.#deadline = Infinity
    const marks = new Map<string | null, { subscriber: string; nonce: number }[]>()
    for (const request of requests) {
      const { subscriber, nonce } = request
      const topic = replyTopic(subscriber)
      send(
        topic,
        encodeMessage(topic, {
          kind: 'vector',
          publisher: this.#identity,
          nonce,
          all: request.tables === '*',
          streams: source.states(request, now),
        }),
      )
      for (const table of request.marks === '*' ? [null] : request.marks) {
        const answers = marks.get(table)
        if (answers) answers.push({ subscriber, nonce })
        else marks.set(table, [{ subscriber, nonce }])
      }
    }
    for (const [table, answers] of marks) {
      const topic = table === null ? allUpdatesTopic : updateTopic(table)
      const last = table === null ? 0 : source.lastSent(table)
      const publisher = this.#identity
      send(topic, encodeMessage(topic, { kind: 'mark', publisher, table, answers, last }))
    }
  }
}

/** The last numbers of streams as messages carry them. */
export const lastNumbers = (streams: Iterable<{ table: string; sent: number }>): TableSequence[] =>
  [...streams].filter(({ sent }) => sent > 0).map(({ table, sent }) => ({ table, last: sent }))
