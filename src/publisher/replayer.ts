import { Deque } from '../base/deque.ts'
import { TokenBucket } from '../base/token-bucket.ts'
import type { ReplayRequest } from '../model/request.ts'
import { replyTopic, updateTopic } from '../model/topic.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import { encodeMessage } from '../wire/frames/message-codec.ts'
import { wireLimits } from '../wire/limits.ts'
import type { PublishedStream } from './published-stream.ts'
import type { PublisherLimits } from './publisher-limits.ts'
import type { Send } from './outgoing-message.ts'

interface AskedRange {
  times: number
  at: number
}

interface Gathered {
  readonly request: ReplayRequest
  /** What is retained of it is under way already. */
  readonly isRepeat: boolean
}

/** A replay under way: what is left of the range goes out as the budget allows. */
interface Replay {
  topic: string
  /** Whom it is for: more than one where it goes out on the update topic. */
  readonly subscribers: Set<string>
  readonly table: string
  readonly nonce: number
  from: number
  to: number
  bytesLeft: number
}

/** More ranges than this under way at once are not taken: who needs them asks again. */
const maxReplaysUnderWay = 1024

/** Replays in bytes for each byte of fresh output: a quarter of all output is a third of the fresh. */
const shareOfOutput = 1 / 3

/**
 * Answers replay requests out of retention. Batches go out again as they are, many in one message: a
 * connection's mark counts messages, and what is beyond it is dropped. Requests for one
 * range that come together are answered once, on the update topic; so are those that were answered
 * in vain, since then the reply topic may be the broken one.
 */
export class Replayer {
  readonly #identity: PublisherIdentity
  readonly #limits: PublisherLimits
  readonly #asked = new Map<string, AskedRange>()
  readonly #budget: TokenBucket
  #gathered: Gathered[] = []
  #gatherUntil = Infinity
  #resumeAt = Infinity
  readonly #underWay = new Deque<Replay>()

  constructor(identity: PublisherIdentity, limits: PublisherLimits, now: number) {
    this.#identity = identity
    this.#limits = limits
    this.#budget = new TokenBucket(
      limits.replayBytesPerSecond,
      Math.max(limits.replayBytesPerRequest, limits.replayBytesPerSecond / 4),
      now,
    )
  }

  get deadline(): number {
    return Math.min(this.#gatherUntil, this.#resumeAt)
  }

  /** Fresh output earns replays their share of it. */
  sentFresh(bytes: number): void {
    this.#budget.add(bytes * shareOfOutput)
  }

  add(request: ReplayRequest, now: number): void {
    const key = `${request.subscriber} ${request.table} ${request.from}`
    const asked = this.#asked.get(key) ?? { times: 0, at: -Infinity }
    const isRepeat = now - asked.at < this.#limits.replayRepeatMs
    if (!isRepeat) {
      // While its answer waits for its share of the output, an ask is not in vain.
      if (!this.#isUnderWay(request)) asked.times++
      asked.at = now
      this.#asked.set(key, asked)
    }
    if (this.#gathered.length === 0) this.#gatherUntil = now + this.#limits.replayGatherMs
    this.#gathered.push({ request, isRepeat })
  }

  tick(now: number, streamOf: (table: string) => PublishedStream | undefined, send: Send): void {
    if (now >= this.#gatherUntil) this.#startGathered(streamOf, send)
    this.#resumeAt = Infinity
    while (this.#underWay.length > 0)
      if (!this.#sendNext(now, streamOf, send)) {
        this.#resumeAt = now + this.#limits.replayGatherMs
        return
      }
  }

  /** Forgets asks that are too old to count as repeats in vain. */
  forgetBefore(time: number): void {
    for (const [key, { at }] of this.#asked) if (at < time) this.#asked.delete(key)
  }

  #startGathered(streamOf: (table: string) => PublishedStream | undefined, send: Send): void {
    const gathered = this.#gathered
    this.#gathered = []
    this.#gatherUntil = Infinity
    for (const { request, isRepeat } of gathered) {
      const stream = streamOf(request.table)
      const firstRetained = Math.min(stream?.firstRetained ?? 1, (stream?.sent ?? 0) + 1)
      const times =
        this.#asked.get(`${request.subscriber} ${request.table} ${request.from}`)?.times ?? 1
      const inVain = times >= this.#limits.replayOnTopicFromAsk
      // Also where it is a repeat: another subscription of the process believes the refusal of its own ask alone.
      if (request.from < firstRetained) {
        const { nonce, table } = request
        const topic = inVain ? updateTopic(table) : replyTopic(request.subscriber)
        const publisher = this.#identity
        const refusal = { kind: 'refusal', publisher, nonce, table, firstRetained } as const
        send(topic, encodeMessage(topic, refusal))
      }
      if (!isRepeat && stream && request.to >= firstRetained) this.#start(request, stream, inVain)
    }
  }

  #start(request: ReplayRequest, stream: PublishedStream, inVain: boolean): void {
    const from = Math.max(request.from, stream.firstRetained)
    const to = Math.min(request.to, stream.sent)
    const toAll = updateTopic(request.table)
    for (const other of this.#underWay) {
      if (other.table !== request.table || other.to < from || other.from > to) continue
      other.to = Math.max(other.to, to)
      other.bytesLeft = this.#limits.replayBytesPerRequest
      // Its own answer is on its way: nobody else has to hear it.
      if (other.subscribers.has(request.subscriber) && (!inVain || other.topic === toAll)) return
      // Somebody else wants it too: one answer on the update topic serves all.
      other.subscribers.add(request.subscriber)
      other.topic = toAll
      other.from = Math.min(other.from, from)
      return
    }
    if (this.#underWay.length >= maxReplaysUnderWay) return
    this.#underWay.push({
      topic: inVain ? toAll : replyTopic(request.subscriber),
      subscribers: new Set([request.subscriber]),
      table: request.table,
      nonce: request.nonce,
      from,
      to,
      bytesLeft: this.#limits.replayBytesPerRequest,
    })
  }

  #isUnderWay({ subscriber, table, from, to }: ReplayRequest): boolean {
    for (const replay of this.#underWay)
      if (replay.table === table && replay.subscribers.has(subscriber))
        if (replay.to >= from && replay.from <= to) return true
    return false
  }

  /** Sends what comes next of the foremost replay in one message; false while the budget is used up. */
  #sendNext(
    now: number,
    streamOf: (table: string) => PublishedStream | undefined,
    send: Send,
  ): boolean {
    const replay = this.#underWay.at(0) as Replay
    const stream = streamOf(replay.table)
    const batches: { frame: Uint8Array }[] = []
    let bytes = 0
    let isAllowed = true
    for (const { first, count, message } of stream?.batchesIn(replay.from, replay.to) ?? []) {
      if (replay.bytesLeft <= 0 || batches.length === wireLimits.maxReplayBatches) break
      if (bytes > 0 && bytes + message.byteLength > wireLimits.replayBytes) break
      isAllowed = this.#budget.take(message.byteLength, now)
      if (!isAllowed) break
      batches.push({ frame: message.bytes.subarray(stream?.topic.length) })
      bytes += message.byteLength
      replay.from = first + count
      replay.bytesLeft -= message.byteLength
    }
    const { topic, nonce } = replay
    const publisher = this.#identity
    // It fits a frame: `wireLimits.maxBatchBytes` leaves room for what stands before a batch.
    if (batches.length > 0)
      send(topic, encodeMessage(topic, { kind: 'replay', publisher, nonce, batches }))
    else if (isAllowed) this.#underWay.shift()
    return isAllowed
  }
}
