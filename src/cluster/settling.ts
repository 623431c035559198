/** How long GENESIS_CLUSTER waits for those it knew before it names them unreachable, milliseconds. */
export const settleWithinMs = 5_000

/**
 * When the roster is settled: all processes that the file of the last run lists have been heard
 * again or have ended, and the roster of each host of the definition is here; or time is up. Until
 * then no subscription is ready, since a publisher may be unknown.
 */
export class Settling {
  readonly #startedAt: number
  readonly #processes: Map<string, string>
  readonly #nodes: Set<string>

  /** `processes`: names by incarnation; `nodes`: names. */
  constructor(processes: ReadonlyMap<string, string>, nodes: Iterable<string>, now: number) {
    this.#processes = new Map(processes)
    this.#nodes = new Set(nodes)
    this.#startedAt = now
  }

  /** The process has registered again, or has ended. */
  processHeard(incarnation: string): void {
    this.#processes.delete(incarnation)
  }

  nodeHeard(node: string): void {
    this.#nodes.delete(node)
  }

  /** `unreachable`: who could not be heard in time, by name; empty before. */
  state(now: number): { settled: boolean; unreachable: string[] } {
    const missing = [...this.#nodes, ...this.#processes.values()]
    if (missing.length === 0) return { settled: true, unreachable: [] }
    if (now - this.#startedAt < settleWithinMs) return { settled: false, unreachable: [] }
    return { settled: true, unreachable: missing }
  }
}
