import { existsSync, readFileSync } from 'node:fs'
import { endianness } from 'node:os'
import type { Clock } from '../base/clock.ts'
import { plainAddress } from '../base/host-port.ts'

const listenState = '0A'

/** FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, CLOSING (include/net/tcp_states.h of Linux). */
const endedStates = ['04', '05', '06', '07', '08', '09', '0B']

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

const tcpTables = ['/proc/net/tcp', '/proc/net/tcp6'] as const

/** One end of a connection. */
interface TcpEnd {
  /** IPv4 with dots, also of a socket of IPv6 that is bound to one; `*`: every address. */
  readonly address: string
  readonly port: number
}

/** A socket that somebody on this host listens with; `inode` tells which process has it open. */
interface ListeningSocket extends TcpEnd {
  readonly inode: string
}

/**
 * The lines of the system's table of TCP sockets; none where it does not say.
 * Linux: /proc/net/tcp (proc(5)), fields 1 and 2 are address:port in hexadecimal, 3 the state, 9 the inode.
 */
function* tcpSockets(): Generator<{ local: string; remote: string; state: string; inode: string }> {
  for (const table of tcpTables) {
    for (const line of readLines(table)) {
      const fields = line.trim().split(/\s+/)
      const { 1: local = '', 2: remote = '', 3: state = '', 9: inode = '' } = fields
      yield { local, remote, state, inode }
    }
  }
}

function endOf(text: string): TcpEnd {
  const [address = '', port = ''] = text.split(':')
  return { address: addressOf(address), port: Number.parseInt(port, 16) }
}

/** TCP sockets that anyone on this host listens with; none where the system does not say. */
export function listeningSockets(): ListeningSocket[] {
  const sockets: ListeningSocket[] = []
  for (const { local, state, inode } of tcpSockets())
    if (state === listenState) sockets.push({ ...endOf(local), inode })
  return sockets
}

/** Whether anyone on this host listens where a connection to that address and port comes; null: the system does not say. */
export function isListening(address: string, port: number): boolean | null {
  if (!existsSync(tcpTables[0])) return null
  return listeningSockets().some((end) => end.port === port && [address, '*'].includes(end.address))
}

/**
 * Where connections to a TCP port of this host (`0.0.0.0`, `::`: at any address) came from that have ended within the last minute.
 * The system remembers the end that was closed first: of a connection from another host it may be the other one. None
 * where the system does not say.
 */
export function latelyEnded(address: string, port: number): ReadonlySet<string> {
  const isAny = ['0.0.0.0', '::'].includes(address)
  const isThere = (end: TcpEnd) => end.port === port && (isAny || end.address === address)
  const addresses = new Set<string>()
  for (const { local, remote, state } of tcpSockets()) {
    if (!endedStates.includes(state)) continue
    const [one, other] = [endOf(local), endOf(remote)]
    const from = isThere(one) ? other : isThere(other) ? one : null
    if (from !== null) addresses.add(from.address)
  }
  return addresses
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
