import type { Hop } from '../../model/hop.ts'
import { noConnections } from '../../model/new-registration.ts'
import type { ConnectionCounts } from '../../model/roster-entry.ts'
import type { DataPlane, TransportHandlers } from '../transport.ts'
import type { MemoryMember } from './meeting/memory-member.ts'
import type { MemoryTransportOptions } from './transport-options.ts'

/** Carries what one process sends to all others of a cluster in memory, at once. */
export class MemoryDataPlane implements DataPlane {
  readonly #options: MemoryTransportOptions
  readonly #own: MemoryMember
  readonly #tell: (tell: (handlers: TransportHandlers) => void) => void
  readonly #prefixes = new Set<string>()
  /** How often `drop()` was called and `resume()` was not yet. */
  #dropping = 0

  /** `own`: the process itself; `tell`: soon, behind what was to be told before. */
  constructor(
    options: MemoryTransportOptions,
    own: MemoryMember,
    tell: (tell: (handlers: TransportHandlers) => void) => void,
  ) {
    this.#options = options
    this.#own = own
    this.#tell = tell
  }

  send(topic: string, message: Uint8Array): void {
    if (this.#dropping > 0) return
    for (const other of this.#options.cluster.others(this.#own)) other.message(topic, message)
  }

  request(frame: Uint8Array, publishers: readonly string[] | null): void {
    for (const other of this.#options.cluster.others(this.#own))
      if (publishers?.includes(other.incarnation) ?? true) other.request(frame)
  }

  subscribe(topicPrefix: string): void {
    this.#prefixes.add(topicPrefix)
  }

  unsubscribe(topicPrefix: string): void {
    this.#prefixes.delete(topicPrefix)
  }

  /** Another process has sent this. */
  take(topic: string, message: Uint8Array): void {
    for (const prefix of this.#prefixes)
      if (topic.startsWith(prefix)) return this.#tell((told) => told.message(message))
  }

  /** The cluster is one hop to everybody; between processes of a mesh each has its own. */
  hops(incarnation: string): readonly Hop[] {
    const { cluster, node } = this.#options
    const entry = cluster.entry(incarnation)
    const isDirect = cluster.mode === 'mesh' && entry?.node === node && entry.role === 'process'
    return [{ name: 'memory', isShared: !isDirect }]
  }

  /** Nothing can break here; the event is told as by other layers. */
  renew({ name }: Hop, incarnation: string): void {
    const why = `asked for because of ${incarnation}`
    this.#tell((told) => told.event({ type: 'renewed', hop: name, why }))
  }

  /** There are none. */
  connections(): ConnectionCounts {
    return noConnections
  }

  /** Nothing that is sent is carried until there was a `resume()` for each of these. */
  drop(): void {
    this.#dropping += 1
  }

  /** True: all is carried again. */
  resume(): boolean {
    this.#dropping -= 1
    return this.#dropping === 0
  }
}
