import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'
import type { Clock } from '../base/clock.ts'
import { plainAddress } from '../base/host-port.ts'

const listenState = '0A'

/**
 * Looked at no more often than this, milliseconds: the kernel takes 15 ms and more to tell, and 64
 * processes may ask for a port within a second. Whoever binds one meanwhile has it first, as between
 * looking and binding.
 */
export const listeningPortsForMs = 100

/** How often the time is waited that looking took: on a busy machine it takes a hundred times as long. */
const lookPaceTimes = 10

/** What `read` gives, read again only once it is older than `listeningPortsForMs`. */
export function remembered(
  read: () => ReadonlySet<number>,
  clock: Pick<Clock, 'now'>,
): () => ReadonlySet<number> {
  let ports: ReadonlySet<number> = new Set()
  let readAt = -Infinity
  return () => {
    const now = clock.now()
    if (now - readAt < listeningPortsForMs) return ports
    ports = read()
    readAt = now + lookPaceTimes * (clock.now() - now)
    return ports
  }
}

/** A socket that somebody on this host listens with; `inode` tells which process has it open. */
interface ListeningSocket {
  /** IPv4 with dots, also of a socket of IPv6 that is bound to one; `*`: every address. */
  readonly address: string
  readonly port: number
  readonly inode: string
}

/**
 * TCP sockets that anyone on this host listens with; none where the system does not say.
 * Linux: /proc/net/tcp (proc(5)), field 1 is address:port in hexadecimal, 3 the state, 9 the inode.
 */
export function listeningSockets(): ListeningSocket[] {
  const sockets: ListeningSocket[] = []
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readLines(table)) {
      const { 1: local = '', 3: state, 9: inode = '' } = line.trim().split(/\s+/)
      if (state !== listenState) continue
      const [address = '', port = ''] = local.split(':')
      sockets.push({ address: addressOf(address), port: Number.parseInt(port, 16), inode })
    }
  }
  return sockets
}

/** Words of 32 bits in hexadecimal, each in the byte order of the machine; the last has what is of IPv4. */
function addressOf(hexadecimal: string): string {
  if (/^0*$/.test(hexadecimal)) return '*'
  const bytes = Buffer.from(hexadecimal, 'hex')
  if (endianness() === 'LE') bytes.swap32()
  if (bytes.length === 4) return bytes.join('.')
  return plainAddress(bytes.toString('hex').match(/.{4}/g)?.join(':') ?? '')
}

/** TCP ports that anyone on this host listens at. */
export const listeningPorts = (): ReadonlySet<number> =>
  new Set(listeningSockets().map(({ port }) => port))

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(1)
  } catch {
    return []
  }
}
