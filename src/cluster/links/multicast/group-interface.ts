import { isIPv4, isIPv6 } from 'node:net'
import os from 'node:os'

/** Where datagrams of the group leave and come in. */
export interface GroupInterface {
  /** The address that our datagrams come from. */
  readonly address: string
  /** The same, as the system takes it for an address to send from. */
  readonly bindAddress: string
  /** The interface, as the system takes it for one to join a group at. */
  readonly scope: string
  /** The group, as the system takes it for one to send to. */
  readonly groupAddress: string
}

type Interfaces = ReturnType<typeof os.networkInterfaces>

/** Of IPv6, an address that is one only with the name of an interface behind it. */
const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address)

/** An address without the name of an interface behind it. */
export const withoutZone = (address: string): string => address.split('%', 1)[0] ?? address

/**
 * The interface by its name, or by an address on it; null: there is none, or none with an address of the group's
 * family. All of 127.0.0.0/8 is on the loopback interface, whatever it says.
 */
export function groupInterface(
  group: string,
  wanted: string,
  interfaces: Interfaces = os.networkInterfaces(),
): GroupInterface | null {
  const isLoopback = isIPv4(wanted) && wanted.startsWith('127.')
  for (const [name, entries = []] of Object.entries(interfaces)) {
    const addresses = entries.map(({ address }) => address)
    const isHere = isLoopback
      ? entries.some(({ internal }) => internal)
      : name === wanted || addresses.includes(wanted)
    if (!isHere) continue
    return isIPv6(group) ? ofIPv6(group, name, addresses) : ofIPv4(group, wanted, addresses)
  }
  return null
}

function ofIPv4(
  group: string,
  wanted: string,
  addresses: readonly string[],
): GroupInterface | null {
  const address = isIPv4(wanted) ? wanted : addresses.find((each) => isIPv4(each))
  if (address === undefined) return null
  return { address, bindAddress: address, scope: address, groupAddress: group }
}

function ofIPv6(group: string, name: string, addresses: readonly string[]): GroupInterface | null {
  const own = addresses.filter((each) => isIPv6(each))
  const address = own.find((each) => !isLinkLocal(each)) ?? own[0]
  if (address === undefined) return null
  const bindAddress = isLinkLocal(address) ? `${address}%${name}` : address
  return { address, bindAddress, scope: `::%${name}`, groupAddress: `${group}%${name}` }
}
