import { noConnections } from '../../model/new-registration.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { ConnectionCounts, Registration, RosterChange } from '../../model/roster-entry.ts'
import type { Hop } from '../../model/hop.ts'
import type { Transport, TransportHandlers } from '../transport.ts'
import type { Meeting, MemoryMember } from './memory-member.ts'

/** One process's place in a cluster in memory. */
export class MemoryTransport implements Transport {
  readonly node: string
  readonly #cluster: Meeting
  readonly #prefixes = new Set<string>()
  /** What is to be told, in order. */
  #inbox: ((handlers: TransportHandlers) => void)[] = []
  #handlers: TransportHandlers | null = null
  #member: MemoryMember | null = null
  #closed = false
  /** How many want what it sends to be lost. */
  #dropping = 0

  constructor(cluster: Meeting, node: string) {
    this.#cluster = cluster
    this.node = node
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
    const member = this.#asMember(registration.incarnation)
    try {
      const complete = this.#cluster.join(member, { ...registration, node: this.node })
      this.#member = member
      this.#tell((told) => told.registered(complete))
      return complete
    } catch (error) {
      this.#closed = true
      throw error
    }
  }

  send(topic: string, message: Uint8Array): void {
    const member = this.#live()
    if (!member || this.#dropping > 0) return
    for (const other of this.#cluster.others(member)) other.message(topic, message)
  }

  request(frame: Uint8Array, publishers: readonly string[] | null): void {
    const member = this.#live()
    if (!member) return
    for (const other of this.#cluster.others(member))
      if (publishers?.includes(other.incarnation) ?? true) other.request(frame)
  }

  subscribe(topicPrefix: string): void {
    if (this.#live()) this.#prefixes.add(topicPrefix)
  }

  unsubscribe(topicPrefix: string): void {
    if (this.#live()) this.#prefixes.delete(topicPrefix)
  }

  register(registration: Registration): void {
    const member = this.#live()
    if (!member) return
    const { processPort, zeromqPort } = this.#cluster.entry(member.incarnation) ?? registration
    const complete = { ...registration, node: this.node, processPort, zeromqPort }
    this.#cluster.put(complete)
    this.#tell((told) => told.registered(complete))
  }

  /** Nothing can break here; the subscriber is told as it is elsewhere. */
  renew(_hop: Hop, incarnation: string): void {
    if (!this.#live()) return
    const why = `asked for because of ${incarnation}`
    this.#tell((told) => told.event({ type: 'renewed', hop: 'memory', why }))
  }

  /** The cluster is one hop to everybody; between processes of a mesh each has its own. */
  hops(incarnation: string): readonly Hop[] {
    const entry = this.#cluster.entry(incarnation)
    const isDirect =
      this.#cluster.mode === 'mesh' && entry?.node === this.node && entry.role === 'process'
    return [{ name: 'memory', isShared: !isDirect }]
  }

  /** There are none. */
  connections(): ConnectionCounts {
    return noConnections
  }

  /** What was sent before is under way already. */
  async close(_lingerMs: number): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#inbox = []
    if (this.#member) this.#cluster.leave(this.#member)
  }

  #live(): MemoryMember | null {
    if (this.#closed) return null
    if (!this.#member) throw new TidingsError('USAGE', 'the transport is not open yet')
    return this.#member
  }

  #asMember(incarnation: string): MemoryMember {
    return {
      node: this.node,
      incarnation,
      roster: (change: RosterChange) => this.#tell((told) => told.roster(change)),
      message: (topic, message) => {
        if (this.#wants(topic)) this.#tell((told) => told.message(message))
      },
      request: (frame) => this.#tell((told) => told.request(frame)),
      die: (error) => {
        this.#closed = true
        this.#inbox = []
        this.#handlers?.failed(error)
      },
      sendAll: () => this.#handlers?.sendAll?.() ?? true,
      drop: () => {
        this.#dropping += 1
      },
      carry: () => {
        this.#dropping -= 1
        if (this.#dropping === 0) this.#handlers?.forget?.()
      },
    }
  }

  #wants(topic: string): boolean {
    for (const prefix of this.#prefixes) if (topic.startsWith(prefix)) return true
    return false
  }

  /** One task at a time empties the inbox, so that nothing overtakes and nothing is told from inside a call. */
  #tell(tell: (handlers: TransportHandlers) => void): void {
    this.#inbox.push(tell)
    if (this.#inbox.length > 1) return
    this.#cluster.schedule(() => {
      const inbox = this.#inbox
      this.#inbox = []
      for (const told of inbox) {
        if (this.#closed || !this.#handlers) return
        told(this.#handlers)
      }
    })
  }
}
