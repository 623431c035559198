import type { Clock } from '../base/clock.ts'
import type { ClusterSnapshot } from '../model/cluster-snapshot.ts'

/** Asks GENESIS_CLUSTER, or those at the broker, for the state of the cluster; rejects with why there is no answer. */
export type AskCluster = () => Promise<ClusterSnapshot>

/** The state of the cluster for whoever asks here: GENESIS_CLUSTER itself is asked once in a while at most, however many these are. */
export class ClusterAnswers {
  readonly #ask: AskCluster
  readonly #keptMs: number
  readonly #clock: Pick<Clock, 'now'>
  #latest: Promise<ClusterSnapshot> | null = null
  #askedAt = 0

  /** `keptMs`: how old an answer may be, milliseconds. */
  constructor(ask: AskCluster, keptMs: number, clock: Pick<Clock, 'now'>) {
    this.#ask = ask
    this.#keptMs = keptMs
    this.#clock = clock
  }

  latest(): Promise<ClusterSnapshot> {
    const now = this.#clock.now()
    if (this.#latest === null || (this.#isAnswered && now - this.#askedAt >= this.#keptMs)) {
      this.#askedAt = now
      this.#isAnswered = false
      const asked = this.#ask()
      const answered = (): void => {
        this.#isAnswered = true
      }
      asked.then(answered, answered)
      this.#latest = asked
    }
    return this.#latest
  }

  #isAnswered = false
}
