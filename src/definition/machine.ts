import os from 'node:os'
import { isIPv4 } from 'node:net'
import { plainAddress } from '../base/host-port.ts'
import { isSameHost } from './definition.ts'

/** What tells whether a host of the definition is this machine. */
export interface Machine {
  readonly hostname: string
  readonly addresses: ReadonlySet<string>
}

/** This machine by its own account: no name is looked up anywhere. */
export function thisMachine(): Machine {
  const interfaces = Object.values(os.networkInterfaces()).flatMap((entries) => entries ?? [])
  const addresses = new Set(interfaces.map(({ address }) => address.toLowerCase()))
  return { hostname: os.hostname(), addresses }
}

const loopbackNames = new Set(['localhost', '127.0.0.1', '::1'])

/**
 * True for the machine's host name (with or without its domain), `localhost`, and addresses of its
 * interfaces. Other addresses of 127.0.0.0/8 are not claimed: they are how several nodes live on one
 * machine, so each has to be named.
 */
export function isThisMachine(host: string, { hostname, addresses }: Machine): boolean {
  const name = plainAddress(host).toLowerCase()
  if (isSameHost(name, hostname) || loopbackNames.has(name) || addresses.has(name)) return true
  const isAddress = isIPv4(name) || name.includes(':')
  return !isAddress && name === hostname.toLowerCase().split('.')[0]
}

/** An address that this machine has even if no interface says so: all of 127.0.0.0/8, and ::1. */
export const isLoopbackAddress = (host: string) =>
  host === '::1' || (isIPv4(host) && host.startsWith('127.'))

/** Addresses of fe80::/10 need the name of an interface, which is another one on each machine. */
export const isLinkLocal = (host: string) => /^fe[89ab][\da-f]:/i.test(host)
