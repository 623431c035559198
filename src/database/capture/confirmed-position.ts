import { inBackground } from '../../base/background.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { FlushResult } from '../../queue/flush-result.ts'

/** A flush that is under way: when all have confirmed, all before this position is confirmed. */
interface Mark {
  position: bigint
  readonly bytes: number
}

/** Flushes that are under way at most: then the next one waits until one of them has ended. */
const maxMarks = 16

/** How far all subscribers have confirmed what was published: so far the database need not keep its log for us. */
export class ConfirmedPosition {
  readonly #flush: () => Promise<FlushResult>
  readonly #clock: Pick<Clock, 'now'>
  readonly #marks: Mark[] = []
  #confirmed = 0n
  /** All before it is published, or was nothing for us. */
  #reached = 0n
  #publishedBytes = 0
  #confirmedBytes = 0
  #isMarked = true
  /** When something was confirmed last, or nothing waited to be. */
  #movedAt: number
  #changed = Promise.withResolvers<void>()

  /** `flush` resolves when all have confirmed what is published now. */
  constructor(flush: () => Promise<FlushResult>, clock: Pick<Clock, 'now'>) {
    this.#flush = flush
    this.#clock = clock
    this.#movedAt = clock.now()
  }

  get position(): bigint {
    return this.#confirmed
  }

  get unconfirmedBytes(): number {
    return this.#publishedBytes - this.#confirmedBytes
  }

  /** All that was published is confirmed. */
  get isAll(): boolean {
    return this.#isMarked && this.#marks.length === 0
  }

  /** For how long somebody has not confirmed anything of what waits to be, milliseconds. */
  get stalledMs(): number {
    return this.isAll ? 0 : this.#clock.now() - this.#movedAt
  }

  /** Resolves when more is confirmed, or after so many milliseconds. */
  async changedWithin(ms: number): Promise<void> {
    const end = new AbortController()
    await Promise.race([this.#changed.promise, pause(ms, end.signal)])
    end.abort()
  }

  /** Something was published, of so many bytes, and all before `position` with it. */
  published(position: bigint, bytes: number): void {
    if (this.isAll) this.#movedAt = this.#clock.now()
    this.#reached = position
    this.#publishedBytes += bytes
    this.#isMarked = false
  }

  /** There was nothing for us up to here. */
  passed(position: bigint): void {
    if (position <= this.#reached) return
    this.#reached = position
    const last = this.#marks.at(-1)
    if (!this.#isMarked) return
    if (last) last.position = position
    else this.#confirm({ position, bytes: this.#publishedBytes })
  }

  /** Asks for confirmation of what was published since the last time. */
  mark(): void {
    if (this.#isMarked || this.#marks.length >= maxMarks) return
    const mark = { position: this.#reached, bytes: this.#publishedBytes }
    this.#isMarked = true
    this.#marks.push(mark)
    inBackground(this.#await(mark), () => undefined)
  }

  /** Waits until all that was published is confirmed, so many milliseconds at most. */
  async settle(ms: number): Promise<void> {
    const until = this.#clock.now() + ms
    for (;;) {
      this.mark()
      const left = until - this.#clock.now()
      if (this.isAll || left <= 0) return
      await this.changedWithin(left)
    }
  }

  async #await(mark: Mark): Promise<void> {
    const { missing } = await this.#flush()
    const place = this.#marks.indexOf(mark)
    // A later one has ended before: it stood for this one, too.
    if (place < 0) return
    if (missing.length > 0) {
      this.#marks.splice(place, 1)
      if (place === this.#marks.length) this.#isMarked = false
      return
    }
    this.#marks.splice(0, place + 1)
    this.#movedAt = this.#clock.now()
    this.#confirm(mark)
  }

  #confirm({ position, bytes }: Mark): void {
    if (position > this.#confirmed) this.#confirmed = position
    this.#confirmedBytes = bytes
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}
