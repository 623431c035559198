import type { Random } from '../base/random.ts'
import type { Tables } from '../model/request.ts'
import { replyPath, type Source, type Unproven } from './source.ts'
import type { SubscribedStream } from './subscribed-stream.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'
import type { SubscriptionOutput } from './subscription-output.ts'

interface Ask {
  readonly stream: SubscribedStream
  readonly at: number
}

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
  /** By nonce, the asks under way: only a refusal that bears one of them is believed. */
  readonly #nonces = new Map<number, Ask>()

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
    return this.#nonces.get(nonce)?.stream
  }

  /** Part of the range that this ask is for, or its refusal, has come. The stream; undefined: no such ask is under way. */
  answered(source: Source, nonce: number, now: number): SubscribedStream | undefined {
    const ask = this.#nonces.get(nonce)
    if (ask) source.cameWithin(now - ask.at)
    return ask?.stream
  }

  /** Nonces that are remembered. */
  get remembered(): number {
    return this.#nonces.size
  }

  /** Something has come: a gap that this shows is asked for after its grace, not only after a tick and its grace. */
  notice(stream: SubscribedStream, now: number): void {
    if (stream.base === null || stream.repair.isOpen) return
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
      if (repair.isOpen) this.#ended(source, stream)
      return
    }
    if (repair.from !== gap.from) this.#open(stream, gap, now)
    if (repair.asks === 0 && gap.to === stream.known)
      repair.waitUntil(source.partCameAt(stream) + this.#limits.gapGraceMs)
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
    if (gap.from <= repair.to) {
      repair.wentOn(gap.from, now + this.#limits.replayProgressMs)
      return
    }
    repair.open(gap.from, now)
    this.tick(source, stream, now)
  }

  /** Nothing of its streams is asked for, and no answer is awaited, until it is heard, or on the roster, again. */
  rest(source: Source): void {
    for (const stream of source.behind) if (stream.repair.isOpen) this.#ended(source, stream)
    source.restsUnasked()
  }

  /** Nothing of its streams is asked for any more, nor known. */
  forgetAll(source: Source): void {
    if (source.streams.size === 0) return
    for (const stream of source.streams.values())
      if (stream.repair.isOpen) this.#ended(source, stream)
    source.forget()
  }

  #open({ repair }: SubscribedStream, gap: { from: number }, now: number): void {
    repair.open(gap.from, now + this.#limits.gapGraceMs)
    this.#output.wakeWithin(this.#limits.gapGraceMs)
  }

  /** Once for each time that the stream falls behind, and not for a parcel of which a part is on its way. */
  #tell(source: Source, { table, repair }: SubscribedStream, gap: { from: number; to: number }) {
    if (!repair.tellOnce(gap.from)) return
    this.#output.event({ type: 'behind', publisher: source.identity, table, ...gap })
  }

  /** Nothing is missing any more: it has come, or is reported lost, as all is of who is gone. */
  #ended(source: Source, stream: SubscribedStream): void {
    const { table, repair, known } = stream
    const from = repair.toldFrom
    this.#close(stream)
    if (from === null) return
    this.#output.event({ type: 'repaired', publisher: source.identity, table, from, to: known })
  }

  #ask(source: Source, stream: SubscribedStream, gap: { from: number; to: number }, now: number) {
    const { repair } = stream
    const share = 0.9 + 0.2 * this.#random()
    const window = Math.ceil(this.#limits.replayWindowBytes / stream.bytesPerUpdate)
    const to = Math.min(gap.to, gap.from + window - 1)
    const nonce = this.#output.nonce()
    this.#nonces.set(nonce, { stream, at: now })
    const forgotten = repair.asked({ now, to, nonce, share })
    if (forgotten !== undefined) this.#nonces.delete(forgotten)
    this.#output.request({
      kind: 'replay',
      subscriber: this.#subscriber,
      nonce,
      incarnation: source.identity.incarnation,
      table: stream.table,
      from: gap.from,
      to,
    })
  }

  /** The pause behind an ask is the one that its publisher has now: the answers to others may have been found faster. */
  #dueAt(source: Source, { repair }: SubscribedStream): number {
    const { replayRetryMs } = this.#limits
    // Who leaves serves for a short time only: rather ask twice than too late.
    return repair.dueAt(() => (source.saidLast ? replayRetryMs : source.pauseMs(replayRetryMs)))
  }

  #close(stream: SubscribedStream): void {
    for (const nonce of stream.repair.nonces) this.#nonces.delete(nonce)
    stream.repair.close()
  }
}
