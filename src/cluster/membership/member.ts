import type { NodeState } from '../../model/cluster-snapshot.ts'

/** Silence without a connection after which a node is suspect, milliseconds: three pings unanswered. */
export const suspectAfterMs = 1_500

/** So long a connection may be gone before it counts as failed, milliseconds: libzmq makes one that was reset anew meanwhile. */
export const reconnectWithinMs = 400

/** Silence on a standing connection after which it is, milliseconds: libzmq's own thread answers there, so its event loop stands still. */
export const busyAfterMs = 5_000

/** Silence without a connection after which a node is gone, milliseconds. */
export const goneAfterMs = 4_500

/**
 * Another node as membership sees it. Two witnesses speak for it: what it says itself, and its connection, on which
 * libzmq's own thread answers ZMTP heartbeats. So one that stands still for a moment is not suspect: its connection stands.
 *
 * A connection has failed where it is gone for `reconnectWithinMs`.
 *
 *   | event                                        | `alive`   | `suspect` | `gone`  |
 *   | it is heard                                  | –         | `alive`   | `alive` |
 *   | silent for `suspectAfterMs`, failed          | `suspect` | –         | –       |
 *   | silent for `busyAfterMs`                     | `suspect` | –         | –       |
 *   | silent for `goneAfterMs`, failed             | `gone`    | `gone`    | –       |
 *   | it has said that it leaves, failed           | `gone`    | `gone`    | –       |
 */
export class Member {
  readonly node: string
  #state: NodeState = 'gone'
  #lastHeard = Number.NEGATIVE_INFINITY
  /** Since when there is no connection; null: it stands. */
  #lostAt: number | null = Number.NEGATIVE_INFINITY
  #isLeaving = false
  /** Its connection has ended since it was last heard, so another life of it may be there. */
  #hasBroken = false

  constructor(node: string) {
    this.node = node
  }

  get state(): NodeState {
    return this.#state
  }

  get isConnected(): boolean {
    return this.#lostAt === null
  }

  /** Nobody else can be where it is: its connection has stood since it was last heard, which is not long ago. */
  get answers(): boolean {
    return this.isConnected && !this.#hasBroken && this.#state === 'alive'
  }

  /** True: the state has changed; so for all calls. */
  heard(now: number): boolean {
    this.#lastHeard = now
    if (this.isConnected) this.#hasBroken = false
    this.#isLeaving = false
    return this.#become('alive')
  }

  /** A ZMTP handshake with it has succeeded, or its connection has failed. */
  connection(isOpen: boolean, now: number): void {
    if (!isOpen) this.#hasBroken = true
    this.#lostAt = isOpen ? null : (this.#lostAt ?? now)
  }

  /** Somebody says that it leaves: a hint, which ends nothing as long as its connection stands. */
  leaving(): void {
    this.#isLeaving = true
  }

  /** `late`: how long we stood still ourselves; nobody is charged for that time. */
  tick(now: number, late: number): boolean {
    this.#lastHeard += late
    if (this.#lostAt !== null) this.#lostAt += late
    if (this.#state === 'gone') return false
    const silence = now - this.#lastHeard
    const hasFailed = this.#lostAt !== null && now - this.#lostAt >= reconnectWithinMs
    if (hasFailed && (silence >= goneAfterMs || this.#isLeaving)) return this.#become('gone')
    const limit = hasFailed ? suspectAfterMs : busyAfterMs
    return silence >= limit ? this.#become('suspect') : false
  }

  #become(state: NodeState): boolean {
    const changed = state !== this.#state
    this.#state = state
    return changed
  }
}
