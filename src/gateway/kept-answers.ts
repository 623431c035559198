import type { Clock } from '../base/clock.ts'
import type { GatewayLimits } from './gateway-limits.ts'
import { RefusedRequest } from '../streams/refused-request.ts'

/** What is answered to a request. */
export interface Answer {
  readonly status: number
  readonly text: string
}

interface KeptAnswer {
  /** Of the request. */
  readonly digest: string
  readonly answer: Promise<Answer>
  readonly at: number
}

/**
 * Answers by their `Idempotency-Key`: who tries again because no answer came gets the one that was given, and nothing is done
 * twice. They live as long as this process.
 */
export class KeptAnswers {
  readonly #limits: GatewayLimits
  readonly #clock: Clock
  readonly #answers = new Map<string, KeptAnswer>()

  constructor(limits: GatewayLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /**
   * The answer that was given for this key, or is being made, or that of `work`. One that says that nothing was done is not kept.
   * @param digest of all that the request asks for
   * @throws RefusedRequest 422 where the key was used for another request
   */
  async of(key: string, digest: string, work: () => Promise<Answer>): Promise<Answer> {
    this.#forgetOld()
    const known = this.#answers.get(key)
    if (known && known.digest !== digest)
      throw new RefusedRequest(422, 'this Idempotency-Key was used for another request')
    if (known) return known.answer
    this.#makeRoom()
    const answer = work()
    this.#answers.set(key, { digest, answer, at: this.#clock.now() })
    try {
      return await answer
    } catch (error) {
      if (!hasPublished(error)) this.#answers.delete(key)
      throw error
    }
  }

  /** The oldest come first. */
  #forgetOld(): void {
    for (const [key, { at }] of this.#answers) {
      if (this.#clock.now() - at <= this.#limits.answerKeptMs) return
      this.#answers.delete(key)
    }
  }

  #makeRoom(): void {
    for (const key of this.#answers.keys()) {
      if (this.#answers.size < this.#limits.keptAnswers) return
      this.#answers.delete(key)
    }
  }
}

const hasPublished = (error: unknown): boolean =>
  error instanceof RefusedRequest && Number(error.fields['published'] ?? 0) > 0
