import type { Random } from '../base/random.ts'
import type { Tables } from '../model/request.ts'
import { replyPath, type Source, type Unproven } from './source.ts'
import { noRepair, type SubscribedStream } from './subscribed-stream.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'
import type { SubscriptionOutput } from './subscription-output.ts'

/** Asks of one stream whose refusal is still believed: an answer does not take longer than so many asks. */
const maxNonces = 16

/**
 * Asks for what is missing, one range of a stream at a time. A loss is never declared here: while
 * the owner lives and has the range, asking goes on.
 */
export class GapRepair {
  readonly #subscriber: string
  readonly #topicOf: (table: string) => Unproven
  readonly #limits: SubscriberLimits
  readonly #random: Random
  readonly #output: SubscriptionOutput
  /** The nonces of asks under way: only a refusal that bears one of them is believed. */
  readonly #nonces = new Map<number, SubscribedStream>()

  constructor(
    subscriber: string,
    tables: Tables,
    limits: SubscriberLimits,
    random: Random,
    output: SubscriptionOutput,
  ) {
    this.#subscriber = subscriber
    this.#topicOf = (table) => (tables === '*' ? null : table)
    this.#limits = limits
    this.#random = random
    this.#output = output
  }

  asked(nonce: number): SubscribedStream | undefined {
    return this.#nonces.get(nonce)
  }

  /** Nonces that are remembered. */
  get remembered(): number {
    return this.#nonces.size
  }

  /** Something has come: a gap that this shows is asked for after its grace, not only after a tick and its grace. */
  notice(stream: SubscribedStream, now: number): void {
    if (stream.base === null || stream.repair.from !== 0) return
    const gap = stream.gap()
    if (gap) this.#open(stream, gap, now)
  }

  /** Looks at all streams of a publisher of which something may be missing. */
  tickAll(source: Source, now: number): void {
    for (const stream of source.behind) {
      this.tick(source, stream, now)
      source.lookedAt(stream)
    }
  }

  tick(source: Source, stream: SubscribedStream, now: number): void {
    if (stream.base === null) return
    const gap = stream.gap()
    const { repair } = stream
    if (!gap) {
      if (repair.from !== 0) this.#close(stream)
      return
    }
    if (repair.from !== gap.from) this.#open(stream, gap, now)
    if (repair.asks === 0 && gap.to === stream.known)
      repair.askAt = Math.max(repair.askAt, source.partCameAt(stream) + this.#limits.gapGraceMs)
    if (now < this.#dueAt(source, stream)) return
    this.#tell(source, stream, gap)
    if (!this.#output.isUnderHalf()) return
    // Asked in vain: perhaps the answers do not come through, neither to us nor on the topic.
    if (repair.asks > 0 && repair.asks % 2 === 0)
      source.needsProof([replyPath, this.#topicOf(stream.table)], now, this.#random)
    this.#ask(source, stream, gap, now)
  }

  /**
   * A part of what was asked for has come: the rest is under way; when all of it is here, the next
   * range is asked for at once, without the grace of a fresh gap.
   */
  advanced(source: Source, stream: SubscribedStream, now: number): void {
    const { repair } = stream
    const gap = stream.gap()
    if (!gap || repair.asks === 0 || gap.from === repair.from) return
    const allHere = gap.from > repair.to
    repair.from = gap.from
    repair.asks = allHere ? 0 : 1
    repair.askAt = allHere ? now : now + this.#limits.replayProgressMs
    repair.askedAt = null
    if (allHere) this.tick(source, stream, now)
  }

  /** Nothing of its streams is asked for, and no answer is awaited, until it is heard, or on the roster, again. */
  rest(source: Source): void {
    for (const stream of source.behind) if (stream.repair.from !== 0) this.#close(stream)
    source.restsUnasked()
  }

  /** Nothing of its streams is asked for any more, nor known. */
  forgetAll(source: Source): void {
    if (source.streams.size === 0) return
    for (const stream of source.streams.values()) if (stream.repair.from !== 0) this.#close(stream)
    source.forget()
  }

  #open({ repair }: SubscribedStream, gap: { from: number }, now: number): void {
    repair.from = gap.from
    repair.asks = 0
    repair.askAt = now + this.#limits.gapGraceMs
    repair.askedAt = null
    this.#output.wakeWithin(this.#limits.gapGraceMs)
  }

  /** Once for each time that the stream falls behind, and not for a parcel of which a part is on its way. */
  #tell(source: Source, { table, repair }: SubscribedStream, gap: { from: number; to: number }) {
    if (repair.isTold) return
    repair.isTold = true
    this.#output.event({ type: 'behind', publisher: source.identity, table, ...gap })
  }

  #ask(source: Source, stream: SubscribedStream, gap: { from: number; to: number }, now: number) {
    const { repair } = stream
    repair.asks++
    repair.share = 0.9 + 0.2 * this.#random()
    repair.askedAt = now
    const window = Math.ceil(this.#limits.replayWindowBytes / stream.bytesPerUpdate)
    repair.to = Math.min(gap.to, gap.from + window - 1)
    const nonce = this.#output.nonce()
    this.#nonces.set(nonce, stream)
    repair.nonces.push(nonce)
    if (repair.nonces.length > maxNonces) this.#nonces.delete(repair.nonces.shift() as number)
    this.#output.request({
      kind: 'replay',
      subscriber: this.#subscriber,
      nonce,
      incarnation: source.identity.incarnation,
      table: stream.table,
      from: gap.from,
      to: repair.to,
    })
  }

  /** The pause behind an ask is the one that its publisher has now: the answers to others may have been found faster. */
  #dueAt(source: Source, { repair }: SubscribedStream): number {
    const { askAt, askedAt, share } = repair
    if (askedAt === null) return askAt
    const { replayRetryMs } = this.#limits
    // Who leaves serves for a short time only: rather ask twice than too late.
    const pauseMs = source.saidLast ? replayRetryMs : source.pauseMs(replayRetryMs)
    return askedAt + pauseMs * share
  }

  #close(stream: SubscribedStream): void {
    for (const nonce of stream.repair.nonces) this.#nonces.delete(nonce)
    Object.assign(stream.repair, noRepair())
  }
}
