import { isIP, isIPv6 } from 'node:net'
import type { Machine } from '../../definition/machine.ts'
import {
  isLinkLocal,
  isLoopbackAddress,
  isThisMachine,
  thisMachine,
} from '../../definition/machine.ts'
import type { Settings } from '../../definition/settings.ts'
import type { LookUp } from '../../sockets/host-lookup.ts'
import { HostNames } from './host-names.ts'

/** Where a node's ports are, and who may connect to them. */
export interface NodeAddresses {
  /** Address that this node's ports are bound at; `0.0.0.0`: all of IPv4, `::`: all. */
  readonly bind: string
  /** Address at which this node's own processes reach its ports. */
  readonly local: string
  /** Address at which other nodes reach its ports. */
  readonly advertised: string
  /** Address of each other node, by name; null: its name has never resolved. */
  readonly others: ReadonlyMap<string, string | null>
  /** The access list: this host, and the hosts of the definition. */
  readonly allowed: readonly string[]
}

/** Where one process of a node is. */
export interface ProcessAddresses {
  /** Where it binds, and where the other processes of the node and GENESIS_CLUSTER are reached. */
  readonly local: string
  /** Its access list: this host, since processes of other hosts are reached through GENESIS_CLUSTER. */
  readonly allowed: readonly string[]
}

export type Hosts = Pick<Settings, 'node' | 'nodes' | 'hostsQuery' | 'connectViaLoopback'>

export const loopback = '127.0.0.1'

/** Bound there, a port is reached at all addresses of the machine: of IPv4 alone, or of both families. */
const everyAddress = { ofIPv4: '0.0.0.0', ofBoth: '::' } as const

export const isEveryAddress = (bind: string): boolean =>
  bind === everyAddress.ofIPv4 || bind === everyAddress.ofBoth

/** The host is named by what is loopback on every machine. */
const isLoopbackName = (host: string) =>
  isLoopbackAddress(host) || host.toLowerCase() === 'localhost'

/** What others, or the machine itself, may reach this machine by; those of IPv4 first. */
const addressesOf = ({ addresses }: Machine): string[] =>
  [...addresses]
    .filter((address) => isIP(address) && !isLinkLocal(address))
    .sort((one, other) => isIP(one) - isIP(other))

/** Of several addresses of another host the one that is reached from an address of ours. */
const sameFamily = (addresses: readonly string[], own: string | null): string | null =>
  addresses.find((address) => own === null || isIPv6(address) === isIPv6(own)) ??
  addresses[0] ??
  null

/** The names of all hosts, still to be resolved; one that is alone needs no name. */
export function hostNamesOf(
  { nodes, hostsQuery }: Pick<Settings, 'nodes' | 'hostsQuery'>,
  lookUp?: LookUp,
): HostNames {
  if (hostsQuery !== null) return new HostNames([hostsQuery], lookUp)
  return new HostNames(nodes.length > 1 ? nodes.map(({ name }) => name) : [], lookUp)
}

/**
 * Where everybody is by what is known now. One host binds to loopback. Several bind each to the address that the
 * host's name resolves to; the machine's own name, which Debian gives 127.0.1.1, binds to all addresses where
 * another host may be beyond loopback, and the access list decides.
 */
export function knownAddresses(
  settings: Hosts,
  names: HostNames,
  machine: Machine = thisMachine(),
): NodeAddresses {
  const { node, nodes, hostsQuery } = settings
  if (hostsQuery !== null) return queriedAddresses(settings, names, machine)
  const own = addressesOf(machine)
  const others = new Map<string, string | null>()
  const allowed = new Set([loopback, '::1', ...own])
  const address = ownAmong(names.addresses(node.name), machine)
  for (const { name } of nodes) {
    const its = names.addresses(name)
    for (const each of its) allowed.add(each)
    if (name !== node.name) others.set(name, sameFamily(its, address))
  }
  const bind = bindAddress(settings, address, [...others.values()], machine)
  const { local } = processAddresses(settings, address, machine)
  const reachable = address !== null && !isLoopbackAddress(address) ? address : undefined
  const beyond = own.filter((each) => !isLoopbackAddress(each))
  const [first = null] = others.values()
  const advertised = isEveryAddress(bind) ? (reachable ?? sameFamily(beyond, first) ?? local) : bind
  return { bind, local, advertised, others, allowed: [...allowed] }
}

/**
 * The same of a node whose others are at the addresses of a query. A host that is named by an address has that; any
 * other binds to all, since nobody knows which of its addresses will be in the answer.
 */
export function queriedAddresses(
  settings: Hosts,
  names: HostNames,
  machine: Machine = thisMachine(),
): NodeAddresses {
  const { node, hostsQuery } = settings
  const own = addressesOf(machine)
  const allowed = [loopback, '::1', ...own]
  const { local } = processAddresses(settings, null, machine)
  if (isIP(node.name)) return { bind: local, local, advertised: local, others: new Map(), allowed }
  const answer = oneFamily(names.addresses(hostsQuery ?? ''))
  const beyond = own.filter((each) => !isLoopbackAddress(each))
  const advertised = own.find((each) => answer.includes(each)) ?? beyond[0] ?? local
  const bind = [...answer, ...beyond].some(isIPv6) ? everyAddress.ofBoth : everyAddress.ofIPv4
  return { bind, local, advertised, others: new Map(), allowed }
}

/** A node that has addresses of both families is in the answer twice: it is reached by IPv4. */
export function oneFamily(answer: readonly string[]): readonly string[] {
  const ofIPv4 = answer.filter((address) => !isIPv6(address))
  return ofIPv4.length > 0 ? ofIPv4 : answer
}

/**
 * What a process needs to know: `address` is what the name of its own host resolves to, null if it does not. It
 * needs no other name, so none can hold it up.
 */
export function processAddresses(
  { node, nodes, hostsQuery, connectViaLoopback }: Hosts,
  address: string | null,
  machine: Machine = thisMachine(),
): ProcessAddresses {
  const viaLoopback = address === null || (connectViaLoopback && !isLoopbackAddress(address))
  const several = viaLoopback ? loopback : address
  const isNumber = hostsQuery !== null && isIP(node.name) !== 0
  const local = isNumber ? node.name : nodes.length === 1 ? alone(node.name) : several
  return { local, allowed: [...new Set([loopback, '::1', ...addressesOf(machine), local])] }
}

/** The name service may know addresses of this host that it has no more, or not yet. */
export const ownAmong = (addresses: readonly string[], machine: Machine): string | null =>
  addresses.find((address) => machine.addresses.has(address)) ?? addresses[0] ?? null

/** `others`: addresses of the other hosts, null where nobody knows it. */
function bindAddress(
  { node, connectViaLoopback }: Hosts,
  address: string | null,
  others: readonly (string | null)[],
  machine: Machine,
): string {
  if (others.length === 0) return alone(node.name)
  const isBeyond = others.some((other) => other !== null && !isLoopbackAddress(other))
  const mayBeBeyond = isBeyond || others.includes(null)
  const known = [address, ...others].filter((each) => each !== null)
  const isOfBoth = known.some(isIPv6)
  const allAddresses = isOfBoth ? everyAddress.ofBoth : everyAddress.ofIPv4
  if (address === null) return mayBeBeyond ? allAddresses : loopback
  const isOtherFamily = others.some((each) => each !== null && isIPv6(each) !== isIPv6(address))
  if (!isLoopbackAddress(address))
    return connectViaLoopback || isOtherFamily ? allAddresses : address
  if (isLoopbackName(node.name)) return address
  return isBeyond || (mayBeBeyond && isThisMachine(node.name, machine)) ? allAddresses : address
}

/** Several nodes on one machine are named by loopback addresses of their own. */
const alone = (name: string) => (isLoopbackAddress(name) ? name : loopback)
