import type { NodeState } from '../../model/cluster-snapshot.ts'

/** Silence after which a node is suspect, milliseconds: three pings unanswered. */
export const suspectAfterMs = 3_000

/** Silence after which a node without a connection is gone, milliseconds: as long as for a process. */
export const goneAfterMs = 10_000

/**
 * Another node as membership sees it: `alive` while it is heard, `suspect` when it falls silent,
 * `gone` when in addition its connection has failed. libzmq's own thread answers ZMTP heartbeats,
 * so a silent node with a standing connection is busy, not gone.
 */
export class Member {
  readonly node: string
  #state: NodeState = 'gone'
  #lastHeard = Number.NEGATIVE_INFINITY
  #connected = false

  constructor(node: string) {
    this.node = node
  }

  get state(): NodeState {
    return this.#state
  }

  /** True: the state has changed; so for all calls. */
  heard(now: number): boolean {
    this.#lastHeard = now
    return this.#become('alive')
  }

  /** A ZMTP handshake with it has succeeded, or its connection has failed. */
  connection(isOpen: boolean): void {
    this.#connected = isOpen
  }

  /** `late`: how long we stood still ourselves; nobody is charged for that time. */
  tick(now: number, late: number): boolean {
    this.#lastHeard += late
    if (this.#state === 'gone') return false
    const silence = now - this.#lastHeard
    if (silence >= goneAfterMs && !this.#connected) return this.#become('gone')
    return silence >= suspectAfterMs ? this.#become('suspect') : false
  }

  #become(state: NodeState): boolean {
    const changed = state !== this.#state
    this.#state = state
    return changed
  }
}
