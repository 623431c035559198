/** How long GENESIS_CLUSTER waits for those it knew before it names them unreachable, milliseconds. */
export const settleWithinMs = 5_000

/**
 * Processes out of reach that are named, at most: after a restart it may be thousands, and the names have to fit a
 * message. Nodes are all named.
 */
export const maxUnreachableProcesses = 200

/**
 * When the roster is settled: all processes that the file of the last run lists have been heard
 * again or have ended, and the roster of each host of the definition is here; or time is up. Until
 * then no subscription is ready, since a publisher may be unknown.
 */
export class Settling {
  readonly #startedAt: number
  readonly #processes: Map<string, string>
  readonly #nodes: Set<string>
  /** Of those heard, who is out of touch again. */
  readonly #lost = new Set<string>()

  /** `processes`: names by incarnation; `nodes`: names of the others. */
  constructor(processes: ReadonlyMap<string, string>, nodes: Iterable<string>, now: number) {
    this.#processes = new Map(processes)
    this.#nodes = new Set(nodes)
    this.#startedAt = now
  }

  /** The process has registered again, or has ended. */
  processHeard(incarnation: string): void {
    this.#processes.delete(incarnation)
  }

  /** A node has come at run time. Its roster is waited for while any is. */
  nodeJoined(node: string, now: number): void {
    if (now - this.#startedAt < settleWithinMs) this.#nodes.add(node)
  }

  /** Somebody is to be there, and is not heard. */
  missing(name: string): void {
    this.#nodes.add(name)
  }

  /** It is no node of the cluster any more. */
  nodeForgotten(node: string): void {
    for (const names of [this.#nodes, this.#lost]) names.delete(node)
  }

  nodeHeard(node: string): void {
    this.#nodes.delete(node)
    this.#lost.delete(node)
  }

  /** It was heard, and is out of touch. */
  nodeLost(node: string): void {
    if (!this.#nodes.has(node)) this.#lost.add(node)
  }

  /** `unreachable`: who is out of reach, by name, nodes first; empty before it is settled. */
  state(now: number): { settled: boolean; unreachable: string[] } {
    const missing = [...this.#nodes, ...this.#processes.values()]
    const isInTime = now - this.#startedAt < settleWithinMs
    if (missing.length > 0 && isInTime) return { settled: false, unreachable: [] }
    const processes = this.#processes.values().take(maxUnreachableProcesses)
    return { settled: true, unreachable: [...this.#nodes, ...this.#lost, ...processes] }
  }
}
