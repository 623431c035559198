import type { MarkMessage, StreamState, TableSequence } from '../model/message.ts'
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

type SyncLimits = Pick<PublisherLimits, 'syncGatherMs' | 'syncPauseMs' | 'syncAnswerBytes'>

/** Answers in one mark: with ids and the longest nonces they take 240 KB, and a mark has to fit a frame. */
const maxAnswersInMark = 10_000

/** About what an answer takes in a mark, and what a mark takes beside its answers. */
const answerBytes = 24
const markBytes = 128

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

  /** Answers the syncs that are due. Where that is very much, the rest of them is due a little later. */
  send(now: number, source: SyncSource, send: Send): void {
    const { syncAnswerBytes, syncGatherMs } = this.#limits
    const marks = new GatheredMarks()
    let vectorBytes = 0
    let answered = 0
    while (answered < this.#pending.length && vectorBytes + marks.bytes < syncAnswerBytes) {
      const request = this.#pending[answered++] as SyncRequest
      const topic = replyTopic(request.subscriber)
      const vector = this.#vector(topic, request, source.states(request, now))
      vectorBytes += vector.length
      send(topic, vector)
      marks.add(request)
    }
    this.#answeredAt = now
    this.#pending = this.#pending.slice(answered)
    this.#deadline = this.#pending.length === 0 ? Infinity : now + syncGatherMs
    for (const [table, answers] of marks) {
      const topic = table === null ? allUpdatesTopic : updateTopic(table)
      const last = table === null ? 0 : source.lastSent(table)
      const publisher = this.#identity
      send(topic, encodeMessage(topic, { kind: 'mark', publisher, table, answers, last }))
    }
  }

  /**
   * It fits a frame: of the tables that a request names by the size of the request and their number, of all
   * streams by what the names of all tables may take (`TableNames`).
   */
  #vector(topic: string, { nonce, tables }: SyncRequest, streams: StreamState[]): Uint8Array {
    const publisher = this.#identity
    const all = tables === '*'
    return encodeMessage(topic, { kind: 'vector', publisher, nonce, all, streams })
  }
}

type Answers = MarkMessage['answers'][number][]

/** Whom the marks answer that were asked for. */
class GatheredMarks {
  /** By table; null: the topic of "all tables". */
  readonly #answers = new Map<string | null, Answers>()
  #bytes = 0

  /** About what they take on the wire. */
  get bytes(): number {
    return this.#bytes
  }

  add({ subscriber, nonce, marks }: SyncRequest): void {
    for (const table of marks === '*' ? [null] : marks) {
      let answers = this.#answers.get(table)
      if (!answers) {
        answers = []
        this.#answers.set(table, answers)
        this.#bytes += markBytes
      }
      answers.push({ subscriber, nonce })
      this.#bytes += answerBytes
    }
  }

  /** Each mark: its table, and no more answers than one mark may have. */
  *[Symbol.iterator](): Generator<[table: string | null, answers: Answers]> {
    for (const [table, answers] of this.#answers)
      for (let from = 0; from < answers.length; from += maxAnswersInMark)
        yield [table, answers.slice(from, from + maxAnswersInMark)]
  }
}

/** The last numbers of streams as messages carry them. */
export const lastNumbers = (streams: Iterable<{ table: string; sent: number }>): TableSequence[] =>
  [...streams].filter(({ sent }) => sent > 0).map(({ table, sent }) => ({ table, last: sent }))
