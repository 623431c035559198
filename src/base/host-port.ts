/** Addresses as people and libzmq write them: one of IPv6 stands in brackets where a port follows it. */
import { isIPv6 } from 'node:net'

/** `10.0.0.1:6000`, `[fd00::1]:6000`. */
export const hostPort = (address: string, port: number | string): string =>
  isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`

/** What libzmq binds and connects to. */
export const tcpEndpoint = (address: string, port: number | string): string =>
  `tcp://${hostPort(address, port)}`

/** The address of such an endpoint, without brackets; what is no such endpoint gives the empty text. */
export const addressOf = (endpoint: string): string =>
  /^tcp:\/\/(?:\[([^\]]*)\]|([^:]*)):\d+$/.exec(endpoint)?.slice(1).find(Boolean) ?? ''

/** One spelling for each address: `FD00:0::1` is `fd00::1`, `::ffff:10.0.0.1` is `10.0.0.1`; brackets around one do not count. What is none is left as it is. */
export function plainAddress(text: string): string {
  const inside = /^\[(.*)\]$/.exec(text)?.[1] ?? text
  if (!isIPv6(inside)) return text
  const [address = '', zone] = inside.split('%')
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(plain)
  if (mapped) {
    const words = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)]
    return words.flatMap((word) => [word >> 8, word & 255]).join('.')
  }
  return zone === undefined ? plain : `${plain}%${zone}`
}
