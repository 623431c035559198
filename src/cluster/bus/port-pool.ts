import { zeromqPortOffset } from '../../base/process-port.ts'
import type { NodePorts, PortRange } from '../../definition/settings.ts'

/**
 * So long after its release a port is not handed out again, milliseconds: its process says first that it has ended, and
 * then closes its sockets. What listens is looked at less often than it takes to close and open a queue.
 */
export const portRestMs = 2_000

/** Hands out process ports of one node, the lowest free one first. */
export class PortPool {
  readonly #range: PortRange
  readonly #reserved: Set<number>
  readonly #given = new Map<string, number>()
  /** By port, when it was released; oldest first. */
  readonly #released = new Map<number, number>()

  /** `services`: process ports that the service definitions give away. */
  constructor(ports: NodePorts, services: Iterable<number>, range: PortRange) {
    this.#range = range
    this.#reserved = new Set([...Object.values(ports), ...services])
  }

  /**
   * The same port again for one incarnation; null: none is left. `taken`: ports that anyone on this
   * host listens at, asked for a new port only, since the system takes its time to say.
   */
  take(incarnation: string, taken: () => ReadonlySet<number>, now: number): number | null {
    const given = this.#given.get(incarnation)
    if (given !== undefined) return given
    const listening = taken()
    for (const [port, at] of this.#released) if (now - at >= portRestMs) this.#released.delete(port)
    const used = new Set([...this.#given.values(), ...this.#released.keys()])
    for (let port = this.#range.first; port <= this.#range.last; port += 1) {
      const both = [port, port + zeromqPortOffset]
      if (used.has(port)) continue
      if (both.some((each) => this.#reserved.has(each) || listening.has(each))) continue
      this.#given.set(incarnation, port)
      return port
    }
    return null
  }

  /** The incarnation has this port, however it came by it. */
  hold(incarnation: string, port: number): void {
    this.#given.set(incarnation, port)
  }

  release(incarnation: string, now: number): void {
    const port = this.#given.get(incarnation)
    if (port === undefined) return
    this.#given.delete(incarnation)
    this.#released.delete(port)
    this.#released.set(port, now)
  }
}
