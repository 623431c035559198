import { lookup } from 'node:dns/promises'
import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Settings } from '../definition/settings.ts'

/** Resolves a host name to an IPv4 address; null: it cannot be resolved now. */
export type Resolve = (host: string) => Promise<string | null>

/** Where a node's ports are, and who may connect to them. */
export interface NodeAddresses {
  /** Address that this node's ports are bound at; `0.0.0.0`: all addresses. */
  readonly bind: string
  /** Address at which this node's own processes reach its ports. */
  readonly local: string
  /** Address at which other nodes reach its ports. */
  readonly advertised: string
  /** Address of each other node, by name; null: its name cannot be resolved now. */
  readonly others: ReadonlyMap<string, string | null>
  /** The access list: this host, and the hosts of the definition. */
  readonly allowed: readonly string[]
}

export const loopback = '127.0.0.1'
export const allAddresses = '0.0.0.0'

const isLoopback = (address: string) => address.startsWith('127.')

export const systemResolve: Resolve = async (host) => {
  if (isIPv4(host)) return host
  if (host === 'localhost') return loopback
  try {
    return (await lookup(host, { family: 4 })).address
  } catch {
    return null
  }
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map(({ address }) => address)
}

/**
 * One host binds to loopback. Several bind each to the address that the host's name resolves to; a
 * name that resolves to loopback while others do not (Debian gives a machine's own name 127.0.1.1)
 * binds to all addresses, and the access list decides. `own`: addresses of this machine.
 */
export async function nodeAddresses(
  settings: Pick<Settings, 'node' | 'nodes' | 'connectViaLoopback'>,
  resolve: Resolve = systemResolve,
  own: readonly string[] = ownAddresses(),
): Promise<NodeAddresses> {
  const others = new Map<string, string | null>()
  for (const { name } of settings.nodes) {
    if (name !== settings.node.name) others.set(name, await resolve(name))
  }
  const address = await resolve(settings.node.name)
  const known = [...others.values()].filter((each) => each !== null)
  const bind = bindAddress(settings, address, known, others.size)
  const local = bind === allAddresses ? loopback : bind
  const allowed = new Set([loopback, '::1', ...own, ...known])
  if (address !== null) allowed.add(address)
  const reachable = address !== null && !isLoopback(address) ? address : undefined
  const advertised =
    bind === allAddresses ? (reachable ?? own.find((each) => !isLoopback(each)) ?? local) : bind
  return { bind, local, advertised, others, allowed: [...allowed] }
}

function bindAddress(
  settings: Pick<Settings, 'node' | 'connectViaLoopback'>,
  address: string | null,
  known: readonly string[],
  others: number,
): string {
  if (others === 0) return alone(settings.node.name)
  if (address === null) return allAddresses
  if (isLoopback(address)) {
    const allOnThisMachine = known.length === others && known.every(isLoopback)
    return allOnThisMachine ? address : allAddresses
  }
  return settings.connectViaLoopback ? allAddresses : address
}

/** Several nodes on one machine are named by loopback addresses of their own. */
const alone = (name: string) => (isIPv4(name) && isLoopback(name) ? name : loopback)
