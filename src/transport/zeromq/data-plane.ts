import type { Hop } from '../../model/hop.ts'
import type { DataPlane } from '../transport.ts'
import type { Clock } from '../../base/clock.ts'
import type { ConnectionCounts } from '../../model/roster-entry.ts'
import type { ClusterHop, Endpoints } from './connections/endpoints.ts'
import { ProcessConnections } from './connections/process-connections.ts'
import { PublishingSocket } from './connections/publishing-socket.ts'
import type { Keys } from '../../sockets/keys/keys.ts'
import type { Refusal } from '../../sockets/keys/refusal.ts'
import type { Refusals } from '../refusals.ts'
import { SubscribingSocket } from './connections/subscribing-socket.ts'

/** The link of our node to the publisher's node: GENESIS_CLUSTER is told. */
const link: Hop = { name: 'link', isShared: false }

/** The publisher's connection on its side: it is told by way of the roster. */
const publisher: Hop = { name: 'publisher', isShared: false }

/** To a publisher of our node in a mesh, `own` is our connection to it; to all others the one to our outbound port. */
const hopsOfMesh: readonly Hop[] = [{ name: 'own', isShared: false }, publisher]
const hopsOfProxy: readonly Hop[] = [link, publisher, { name: 'own', isShared: true }]

interface DataPlaneOptions {
  readonly endpoints: Endpoints
  readonly own: { readonly node: string; readonly incarnation: string }
  /** Where the processes of the node bind. */
  readonly processAddress: string
  /** Of the access list; null for who binds no port. */
  readonly zapDomain: string | null
  readonly keys: Keys | null
  readonly clock: Clock
  readonly refusals: Refusals
}

interface DataPlaneHandlers {
  message(message: Uint8Array): void
  room(): Promise<void> | null
  request(frame: Buffer): void
  probe(frame: Buffer): void
  /** `again`: updates come on this connection, and it was there before. */
  connected(endpoint: string, again: boolean): void
  disconnected(endpoint: string): void
  /** The connection that all updates come over but those of processes of a mesh has broken, or stands. */
  sharedHop(stands: boolean): void
  renewed(endpoint: string, why: string): void
  /** Who is there does not let us in; told again with each attempt. */
  refused(endpoint: string, refusal: Refusal): void
  failed(error: unknown): void
}

/** The sockets that updates and requests travel on: one XPUB, one XSUB, and what they connect to. */
export class ZeroMQDataPlane implements Omit<DataPlane, 'renew'> {
  readonly endpoints: Endpoints
  readonly publishing: PublishingSocket
  readonly subscribing: SubscribingSocket
  /** Of a mesh; stays empty in proxy mode. */
  readonly processes: ProcessConnections

  constructor(options: DataPlaneOptions, handlers: DataPlaneHandlers) {
    const { clock, endpoints, keys, own, processAddress, refusals, zapDomain } = options
    this.endpoints = endpoints
    this.subscribing = new SubscribingSocket(keys, clock, refusals, {
      ...handlers,
      connected: (endpoint, again) => {
        if (endpoint === endpoints.outbound) handlers.sharedHop(true)
        handlers.connected(endpoint, again)
      },
      disconnected: (endpoint) => {
        if (endpoint === endpoints.outbound) handlers.sharedHop(false)
        handlers.disconnected(endpoint)
      },
    })
    this.processes = new ProcessConnections(this.subscribing, own, processAddress, clock)
    this.publishing = new PublishingSocket(zapDomain, keys, clock, refusals, {
      request: (frame) => handlers.request(frame),
      probe: (frame) => handlers.probe(frame),
      connected: (endpoint) => handlers.connected(endpoint, false),
      disconnected: (endpoint) => handlers.disconnected(endpoint),
      renewed: (endpoint, why) => handlers.renewed(endpoint, why),
      refused: (endpoint, refusal) => handlers.refused(endpoint, refusal),
      failed: (error) => handlers.failed(error),
    })
  }

  /** To where updates come from, and to where ours go, if anywhere. Idempotent. */
  connect(up: 'inbound' | 'export' | null): void {
    this.subscribing.connect(this.endpoints.outbound)
    if (up) this.publishing.connect(this.endpoints[up])
  }

  /** Somebody takes connections at this port of GENESIS_CLUSTER, and may finish a handshake yet. */
  isTaken(hop: ClusterHop): boolean {
    const endpoint = this.endpoints[hop]
    return this.subscribing.isTaken(endpoint) || this.publishing.isTaken(endpoint)
  }

  /** Why who is at this port of GENESIS_CLUSTER does not let us in; null: nothing is known of it. */
  refusalOf(hop: ClusterHop): Refusal | null {
    const endpoint = this.endpoints[hop]
    return this.subscribing.refusalOf(endpoint) ?? this.publishing.refusalOf(endpoint)
  }

  send(_topic: string, message: Uint8Array): void {
    this.publishing.send(message)
  }

  /** An XSUB sends to all that it is connected to: who is not meant passes it over. */
  request(frame: Uint8Array): void {
    this.subscribing.request(frame)
  }

  subscribe(topicPrefix: string): void {
    this.subscribing.subscribe(topicPrefix)
  }

  unsubscribe(topicPrefix: string): void {
    this.subscribing.unsubscribe(topicPrefix)
  }

  hops(incarnation: string): readonly Hop[] {
    return this.processes.has(incarnation) ? hopsOfMesh : hopsOfProxy
  }

  connections(): ConnectionCounts {
    return {
      processes: this.processes.count(),
      outbound: Number(this.subscribing.isConnected(this.endpoints.outbound)),
      inbound: Number(this.publishing.isConnected(this.endpoints.inbound)),
      export: Number(this.publishing.isConnected(this.endpoints.export)),
    }
  }

  /** The hop or the process behind an endpoint, for people. */
  nameOf(endpoint: string): string {
    return this.endpoints.hopOf(endpoint) ?? this.processes.nameOf(endpoint) ?? endpoint
  }

  async close(lingerMs: number): Promise<void> {
    this.processes.close()
    await Promise.all([this.publishing.close(lingerMs), this.subscribing.close(lingerMs)])
  }
}
