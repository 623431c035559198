import { processOnNode } from '../model/publisher-identity.ts'
import type { RosterChange } from '../model/roster-entry.ts'
import type { Source } from './source.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'
import type { SubscriptionOutput } from './subscription-output.ts'

/**
 * When a subscription is ready: the roster is settled, and every publisher that was on it then has
 * answered on the reply topic and on every update topic, or has ended. Never early; it waits for as
 * long as it takes and says for whom.
 */
export class Readiness {
  readonly #sources: ReadonlyMap<string, Source>
  readonly #limits: SubscriberLimits
  readonly #output: SubscriptionOutput
  /** The publishers that must answer; null until the roster is settled. */
  #awaited: Set<string> | null = null
  /** The one that had not answered when it was last looked: of many it is looked at first. */
  #missing: string | null = null
  #names = new Map<string, string>()
  #reportAt = Infinity
  #isReady = false

  constructor(
    sources: ReadonlyMap<string, Source>,
    limits: SubscriberLimits,
    output: SubscriptionOutput,
  ) {
    this.#sources = sources
    this.#limits = limits
    this.#output = output
  }

  get isReady(): boolean {
    return this.#isReady
  }

  /** True once it is decided who must answer. */
  get isAsking(): boolean {
    return this.#awaited !== null
  }

  /** Who has not answered yet, by name. */
  missing(): string[] {
    if (this.#isReady) return []
    if (this.#awaited === null) return ['the roster of GENESIS_CLUSTER, which is not settled yet']
    return [...this.#awaited]
      .filter((incarnation) => !this.#hasAnswered(incarnation))
      .map((incarnation) => this.#names.get(incarnation) ?? incarnation)
  }

  onRoster(change: RosterChange, now: number): void {
    if (this.#isReady) return
    if (this.#reportAt === Infinity) this.#reportAt = now + this.#limits.waitingReportMs
    if (this.#awaited === null && change.settled) {
      this.#awaited = new Set()
      for (const [incarnation, source] of this.#sources) {
        const state = source.entry?.state
        if (state === 'alive' || state === 'leaving') this.#awaited.add(incarnation)
      }
    }
    for (const entry of change.entries) this.#names.set(entry.incarnation, processOnNode(entry))
    this.check()
  }

  check(): void {
    if (this.#isReady || this.#awaited === null) return
    if (this.#missing !== null && !this.#hasAnswered(this.#missing)) return
    for (const incarnation of this.#awaited) {
      if (this.#hasAnswered(incarnation)) continue
      this.#missing = incarnation
      return
    }
    this.#isReady = true
    this.#names.clear()
    this.#output.ready()
  }

  tick(now: number): void {
    this.check()
    if (this.#isReady || now < this.#reportAt) return
    this.#reportAt = now + this.#limits.waitingReportMs
    this.#output.event({ type: 'waiting', missing: this.missing() })
  }

  #hasAnswered(incarnation: string): boolean {
    const source = this.#sources.get(incarnation)
    if (!source || source.isOver) return true
    return source.unproven.size === 0
  }
}
