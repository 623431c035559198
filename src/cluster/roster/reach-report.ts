import type { OnClusterEvent } from '../cluster-event.ts'

/** Tells people who is out of reach once the roster is settled, and who can be reached after all: each once. */
export class ReachReport {
  readonly #on: OnClusterEvent
  #told: readonly string[] = []

  constructor(on: OnClusterEvent) {
    this.#on = on
  }

  /** Who is out of reach now, by name. */
  take(unreachable: readonly string[]): void {
    const missing = unreachable.filter((name) => !this.#told.includes(name))
    const back = this.#told.filter((name) => !unreachable.includes(name))
    this.#told = unreachable
    if (missing.length > 0) {
      const message = `${missing.join(', ')} cannot be reached: subscriptions are ready without, and are told so`
      this.#on({ type: 'unreachable', names: missing, message })
    }
    if (back.length > 0) {
      const message = `${back.join(', ')} heard again, or known to have ended: what was missed is delivered or reported lost`
      this.#on({ type: 'reachable', names: back, message })
    }
  }
}
