import { checkAborted } from '../../../base/abortable.ts'
import { tcpEndpoint } from '../../../base/host-port.ts'
import { TidingsError } from '../../../base/tidings-error.ts'
import { lookUpWithin } from '../../../sockets/host-lookup.ts'

/** The ports of this node's GENESIS_CLUSTER that a process uses. */
export interface ClusterPorts {
  readonly inbound: number
  readonly outbound: number
  readonly registry: number
  readonly export: number
}

export type ClusterHop = keyof ClusterPorts

/** libzmq names endpoints by number in its events, so they are connected by number. */
export class Endpoints implements Record<ClusterHop, string> {
  readonly inbound: string
  readonly outbound: string
  readonly registry: string
  readonly export: string

  private constructor(address: string, ports: ClusterPorts) {
    this.inbound = tcpEndpoint(address, ports.inbound)
    this.outbound = tcpEndpoint(address, ports.outbound)
    this.registry = tcpEndpoint(address, ports.registry)
    this.export = tcpEndpoint(address, ports.export)
  }

  static at(address: string, ports: ClusterPorts): Endpoints {
    return new Endpoints(address, ports)
  }

  hopOf(endpoint: string): ClusterHop | null {
    const hops = ['inbound', 'outbound', 'registry', 'export'] as const
    return hops.find((hop) => this[hop] === endpoint) ?? null
  }
}

/**
 * The address of a host, within so many milliseconds.
 * @throws TidingsError CLUSTER_UNREACHABLE where the name has none, ABORTED
 */
export async function numericAddress(
  host: string,
  withinMs: number,
  signal?: AbortSignal,
): Promise<string> {
  const found = await lookUpWithin(host, withinMs, signal)
  if (!('why' in found)) return found.addresses[0]
  checkAborted(signal)
  const message = `the host "${host}" has no address: ${found.why}`
  throw new TidingsError('CLUSTER_UNREACHABLE', message)
}
