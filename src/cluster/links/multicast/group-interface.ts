import { isIPv4, isIPv6 } from 'node:net'
import os from 'node:os'

/** Where datagrams of the group leave and come in. */
export interface GroupInterface {
  /** The address that our datagrams come from. */
  readonly address: string
  /** What the system calls the interface by in calls that join the group. */
  readonly scope: string
}

type Interfaces = ReturnType<typeof os.networkInterfaces>

/**
 * The interface by its name, or by an address on it; null: there is none, or none with an address of the group's
 * family. All of 127.0.0.0/8 is on the loopback interface, whatever it says.
 */
export function groupInterface(
  group: string,
  wanted: string,
  interfaces: Interfaces = os.networkInterfaces(),
): GroupInterface | null {
  const isOfFamily = isIPv6(group) ? isIPv6 : isIPv4
  const isLoopback = isIPv4(wanted) && wanted.startsWith('127.')
  for (const [name, entries = []] of Object.entries(interfaces)) {
    const addresses = entries.map(({ address }) => address)
    const isHere = isLoopback
      ? entries.some(({ internal }) => internal)
      : name === wanted || addresses.includes(wanted)
    const address = isLoopback && isIPv4(group) ? wanted : addresses.find(isOfFamily)
    if (isHere && address !== undefined)
      return { address, scope: isIPv6(group) ? `::%${name}` : address }
  }
  return null
}
