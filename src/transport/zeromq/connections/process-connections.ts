import { processName } from '../../../model/publisher-identity.ts'
import { tcpEndpoint } from '../../../base/host-port.ts'
import type { Clock, Timer } from '../../../base/clock.ts'
import type { RosterChange, RosterEntry } from '../../../model/roster-entry.ts'
import { portsOf } from '../../../registration/zeromq-place.ts'
import type { SubscribingSocket } from './subscribing-socket.ts'

/** What an ended process sent last may still be on its way; disconnecting drops what is unread. */
const afterEndMs = 2_000

/**
 * The connections of a mesh: from our XSUB to the ZeroMQ port of every other process of the node.
 * Lives of processes come and go, sometimes two at one port; an endpoint is connected as long as
 * one of them may be there.
 */
export class ProcessConnections {
  readonly #socket: SubscribingSocket
  readonly #node: string
  readonly #own: string
  readonly #address: string
  readonly #clock: Clock
  /** By incarnation. */
  readonly #processes = new Map<string, { endpoint: string; name: string }>()
  readonly #ending = new Set<Timer>()

  /** `address`: where the processes of the node bind. */
  constructor(
    socket: SubscribingSocket,
    own: { readonly node: string; readonly incarnation: string },
    address: string,
    clock: Clock,
  ) {
    this.#socket = socket
    this.#node = own.node
    this.#own = own.incarnation
    this.#address = address
    this.#clock = clock
  }

  take({ entries, letGo = [] }: Pick<RosterChange, 'entries' | 'letGo'>): void {
    for (const incarnation of letGo) this.#release(incarnation)
    for (const entry of entries) {
      if (entry.state === 'ended') this.#release(entry.incarnation)
      else if (this.#isConnectable(entry)) this.#hold(entry)
    }
  }

  has(incarnation: string): boolean {
    return this.#processes.has(incarnation)
  }

  /** null: updates of it do not come to us directly. */
  endpointOf(incarnation: string): string | null {
    return this.#processes.get(incarnation)?.endpoint ?? null
  }

  /** The process behind an endpoint, by name. */
  nameOf(endpoint: string): string | null {
    for (const process of this.#processes.values()) {
      if (process.endpoint === endpoint) return process.name
    }
    return null
  }

  /** Endpoints connected now. */
  count(): number {
    const endpoints = new Set<string>()
    for (const { endpoint } of this.#processes.values()) {
      if (this.#socket.isConnected(endpoint)) endpoints.add(endpoint)
    }
    return endpoints.size
  }

  close(): void {
    for (const timer of this.#ending) timer.cancel()
    this.#ending.clear()
  }

  #isConnectable(entry: RosterEntry): boolean {
    return (
      entry.node === this.#node &&
      entry.incarnation !== this.#own &&
      entry.role === 'process' &&
      entry.mode === 'mesh' &&
      portsOf(entry.place).zeromqPort !== null
    )
  }

  #hold({ incarnation, place, process, instance }: RosterEntry): void {
    const endpoint = tcpEndpoint(this.#address, portsOf(place).zeromqPort ?? 0)
    const held = this.#processes.get(incarnation)
    if (held?.endpoint === endpoint) return
    if (held) this.#release(incarnation)
    const name = processName({ process, instance })
    this.#processes.set(incarnation, { endpoint, name })
    this.#socket.connect(endpoint)
  }

  #release(incarnation: string): void {
    const held = this.#processes.get(incarnation)
    if (!held) return
    this.#processes.delete(incarnation)
    const timer = this.#clock.after(afterEndMs, () => {
      this.#ending.delete(timer)
      if (this.nameOf(held.endpoint) === null) this.#socket.disconnect(held.endpoint)
    })
    this.#ending.add(timer)
  }
}
