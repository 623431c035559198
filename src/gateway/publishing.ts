import { createHash } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { processOnNode } from '../model/publisher-identity.ts'
import type { Published } from '../model/published.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import type { GatewayLimits } from './gateway-limits.ts'
import { type Answer, KeptAnswers } from './kept-answers.ts'
import { type BodyCommit, bodyCommits } from './publish-body.ts'
import { RefusedRequest } from '../streams/refused-request.ts'
import { Turn } from './turn.ts'

/** A request that publishes. */
export interface PublishRequest {
  /** What was asked for, with its query. */
  readonly url: string
  /** The table of updates that name none. */
  readonly table: string | undefined
  readonly body: Buffer
  /** A commit a line; else the body is one. */
  readonly isOfLines: boolean
  /** The answer waits until subscribers have confirmed. */
  readonly confirm: boolean
  readonly idempotencyKey: string | undefined
}

/** Names of those who have not confirmed that an answer has: it is kept, and there may be hundreds. */
const maxNamed = 20

/** Publishes what requests bring, in the order in which their bodies are complete. */
export class Publishing {
  readonly #queue: UpdateQueue
  readonly #limits: GatewayLimits
  readonly #clock: Clock
  readonly #answers: KeptAnswers

  constructor(queue: UpdateQueue, limits: GatewayLimits, clock: Clock) {
    this.#clock = clock
    this.#queue = queue
    this.#limits = limits
    this.#answers = new KeptAnswers(limits, clock)
  }

  /** @throws RefusedRequest */
  async answer(request: PublishRequest): Promise<Answer> {
    const { idempotencyKey: key, url, body, isOfLines } = request
    if (key === undefined) return this.#publish(request)
    const { idempotencyKeyLength } = this.#limits
    if (key.length === 0 || key.length > idempotencyKeyLength)
      throw new RefusedRequest(
        400,
        `Idempotency-Key must have 1 to ${idempotencyKeyLength} characters (idempotencyKeyLength)`,
      )
    const digest = createHash('sha256').update(`${url}\n${isOfLines}\n`).update(body).digest('hex')
    return this.#answers.of(key, digest, () => this.#publish(request))
  }

  async #publish({ body, isOfLines, table, confirm }: PublishRequest): Promise<Answer> {
    const turn = new Turn(this.#clock)
    const told = await this.#publishAll(await bodyCommits(body, isOfLines, table, turn), turn)
    if (!confirm) return answerOf(202, told)
    const { confirmed, missing } = await this.#confirmed(told.commits)
    const status = missing.length === 0 ? 200 : 202
    return answerOf(status, {
      ...told,
      confirmed: confirmed.length,
      missing: missing.slice(0, maxNamed).map(processOnNode),
    })
  }

  async #publishAll(commits: readonly BodyCommit[], turn: Turn) {
    const told = {
      publisher: this.#queue.identity,
      commits: 0,
      updates: 0,
      from: 0,
      to: 0,
      token: '',
    }
    for (const each of commits) {
      const { commit, token } = this.#commit(each, told.commits)
      if (told.commits === 0) told.from = commit
      told.to = commit
      told.token = token
      told.commits += 1
      told.updates += each.changes.length
      await turn.after(each.text)
    }
    return told
  }

  #commit({ changes, line, place }: BodyCommit, published: number): Published {
    try {
      return this.#queue.publish(changes)
    } catch (error) {
      throw RefusedRequest.of(TidingsError.from(error).at(place), { line, published })
    }
  }

  async #confirmed(published: number) {
    try {
      return await this.#queue.flush({ drainMs: this.#limits.confirmMs })
    } catch (error) {
      throw RefusedRequest.of(TidingsError.from(error), { published })
    }
  }
}

const answerOf = (status: number, told: object): Answer => ({
  status,
  text: `${JSON.stringify(told)}\n`,
})
