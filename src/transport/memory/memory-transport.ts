import { TidingsError } from '../../base/tidings-error.ts'
import type { Hop } from '../../model/hop.ts'
import { noConnections } from '../../model/new-registration.ts'
import type { ConnectionCounts, Registration } from '../../model/roster-entry.ts'
import type { Transport, TransportHandlers } from '../transport.ts'
import { MemoryDataPlane } from './data-plane.ts'
import type { MemoryMember } from './meeting/memory-member.ts'
import { memoryPortOf } from './meeting/memory-place.ts'
import { MemoryRosterPlane } from './roster-plane.ts'
import type { MemoryTransportOptions } from './transport-options.ts'

/** What `open()` sets up; all of it stays until `close()`. */
interface Joined {
  readonly member: MemoryMember
  readonly data: MemoryDataPlane
  readonly roster: MemoryRosterPlane
}

/** One process's place in a cluster in memory. */
export class MemoryTransport implements Transport {
  readonly #options: MemoryTransportOptions
  /** What is to be told, in order. */
  #inbox: ((handlers: TransportHandlers) => void)[] = []
  #handlers: TransportHandlers | null = null
  #joined: Joined | null = null
  #port: number | null = null
  #closed = false

  constructor(options: MemoryTransportOptions) {
    this.#options = options
  }

  get node(): string {
    return this.#options.node
  }

  get port(): number | null {
    return this.#port
  }

  async open(
    registration: Registration,
    handlers: TransportHandlers,
    signal: AbortSignal,
  ): Promise<Registration> {
    if (this.#handlers || this.#closed) {
      throw new TidingsError('USAGE', 'a transport is opened once')
    }
    if (signal.aborted) {
      this.#closed = true
      const options = { cause: signal.reason }
      throw new TidingsError('ABORTED', 'opening the update queue was aborted', options)
    }
    this.#handlers = handlers
    const joined = this.#parts(registration.incarnation)
    try {
      const complete = joined.roster.join(joined.member, registration)
      this.#joined = joined
      this.#port = memoryPortOf(complete.place)
      return complete
    } catch (error) {
      this.#closed = true
      throw error
    }
  }

  send(topic: string, message: Uint8Array): void {
    this.#live()?.data.send(topic, message)
  }

  request(frame: Uint8Array, publishers: readonly string[] | null): void {
    this.#live()?.data.request(frame, publishers)
  }

  subscribe(topicPrefix: string): void {
    this.#live()?.data.subscribe(topicPrefix)
  }

  unsubscribe(topicPrefix: string): void {
    this.#live()?.data.unsubscribe(topicPrefix)
  }

  hops(incarnation: string): readonly Hop[] {
    return this.#joined?.data.hops(incarnation) ?? []
  }

  renew(hop: Hop, incarnation: string): void {
    this.#live()?.data.renew(hop, incarnation)
  }

  connections(): ConnectionCounts {
    return this.#joined?.data.connections() ?? noConnections
  }

  register(registration: Registration): void {
    this.#live()?.roster.register(registration)
  }

  /** There is nothing to wait for: `send()` has handed it over. */
  async close(_lingerMs: number): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#inbox = []
    this.#joined?.roster.leave(this.#joined.member)
  }

  /** null once it is closed: what is said after that is said to nobody. */
  #live(): Joined | null {
    if (this.#closed) return null
    if (!this.#joined) throw new TidingsError('USAGE', 'the transport is not open yet')
    return this.#joined
  }

  #parts(incarnation: string): Joined {
    const tell = (told: (handlers: TransportHandlers) => void) => this.#tell(told)
    const member: MemoryMember = {
      node: this.#options.node,
      incarnation,
      roster: (change) => this.#tell((told) => told.roster(change)),
      message: (topic, message) => data.take(topic, message),
      request: (frame) => this.#tell((told) => told.request(frame)),
      die: (error) => {
        this.#closed = true
        this.#inbox = []
        this.#handlers?.failed(error)
      },
      sendAll: () => this.#handlers?.sendAll?.() ?? true,
      drop: () => data.drop(),
      resume: () => {
        if (data.resume()) this.#handlers?.forget?.()
      },
    }
    const data = new MemoryDataPlane(this.#options, member, tell)
    return { member, data, roster: new MemoryRosterPlane(this.#options, tell) }
  }

  /** One task at a time empties the inbox, so that nothing overtakes and nothing is told from inside a call. */
  #tell(tell: (handlers: TransportHandlers) => void): void {
    this.#inbox.push(tell)
    if (this.#inbox.length > 1) return
    this.#options.cluster.schedule(() => {
      const inbox = this.#inbox
      this.#inbox = []
      for (const told of inbox) {
        if (this.#closed || !this.#handlers) return
        told(this.#handlers)
      }
    })
  }
}
