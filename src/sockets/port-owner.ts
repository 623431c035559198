import path from 'node:path'
import type { Socket } from 'zeromq'
import { plainAddress, tcpEndpoint } from '../base/host-port.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { listeningSockets } from './listening-ports.ts'
import { allowFamilyOf } from './uninterrupted.ts'

/** What to do where a port of GENESIS_CLUSTER is taken. */
export const portRemedy =
  ': end what has it, perhaps another `tidings cluster` of this node, or give the item another port'

/** Looking for the owner only makes a message better: it must not hold up an error for longer. */
const lookupTimeoutMs = 1_000

/**
 * Binds `tcp://address:port`, at once: `bind()` would wait for a thread of the pool, which proxies
 * occupy.
 * @param purpose what the port is for, as the message says it
 * @param remedy what to do where it is taken, as the message ends
 * @throws TidingsError PORT_TAKEN, naming port, purpose and, where the system can tell, the owner;
 * TRANSPORT_FAILED where the address is not this host's or the port is not allowed.
 */
export async function bindPort(
  socket: Pick<Socket, 'bindSync' | 'ipv6'>,
  address: string,
  port: number,
  purpose: string,
  remedy = '',
): Promise<void> {
  try {
    const endpoint = tcpEndpoint(address, port)
    allowFamilyOf(socket, endpoint)
    socket.bindSync(endpoint)
  } catch (error) {
    throw await bindFailure(error, { address, port, purpose, remedy })
  }
}

interface WantedPort {
  readonly address: string
  readonly port: number
  readonly purpose: string
  readonly remedy: string
}

/** The error of `bindPort()`, out of that of the system. */
export async function bindFailure(
  error: unknown,
  { address, port, purpose, remedy }: WantedPort,
): Promise<TidingsError> {
  const { code } = error as { code?: string }
  if (code !== 'EADDRINUSE') {
    const why = `cannot bind port ${port} (${purpose}) at ${address}: ${(error as Error).message}`
    return new TidingsError('TRANSPORT_FAILED', why, { cause: error })
  }
  const owner = await portOwner(address, port)
  const by = owner === null ? '' : ` by ${owner}`
  const what = `port ${port} (${purpose}) at ${address} is taken${by}${remedy}`
  return new TidingsError('PORT_TAKEN', what, { cause: error })
}

interface PortHolder {
  readonly name: string
  readonly pid: number
}

/** The process that listens at a TCP port of an address, or of all addresses, as `name (pid)`; null where the system does not tell us. */
export async function portOwner(address: string, port: number): Promise<string | null> {
  const holder = await portHolder(address, port)
  return holder && `${holder.name} (pid ${holder.pid})`
}

/** The same in parts. */
export async function portHolder(address: string, port: number): Promise<PortHolder | null> {
  try {
    return process.platform === 'linux'
      ? await ownerByProc(address, port)
      : await ownerByLsof(address, port)
  } catch {
    return null
  }
}

/** Two sockets of one port stand in each other's way. Several nodes of one machine have the same ports at addresses of their own. */
const clash = (one: string | null, other: string): boolean =>
  one === other || [one, other].some((each) => each !== null && everywhere.has(each))

const everywhere: ReadonlySet<string> = new Set(['*', '0.0.0.0', '::'])

async function ownerByProc(address: string, port: number): Promise<PortHolder | null> {
  const { readFile, readdir } = await import('node:fs/promises')
  const sockets = listeningSockets().filter(
    (socket) => socket.port === port && clash(socket.address, address),
  )
  const inodes = new Set(sockets.map(({ inode }) => inode))
  if (inodes.size === 0) return null
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || !(await holdsSocket(pid, inodes))) continue
    // Not `comm`: it names the main thread, which Node calls MainThread.
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    const name = path.basename(commandLine.split('\0')[0] ?? '')
    return { name: name || 'a process', pid: Number(pid) }
  }
  return null
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const { readdir, readlink } = await import('node:fs/promises')
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
  for (const descriptor of descriptors) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
    if (inode !== undefined && inodes.has(inode)) return true
  }
  return false
}

async function ownerByLsof(address: string, port: number): Promise<PortHolder | null> {
  const options = ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpcn']
  const { execFile } = await import('node:child_process')
  const { promisify } = await import('node:util')
  const { stdout } = await promisify(execFile)('lsof', options, { timeout: lookupTimeoutMs })
  for (const told of stdout.split(/^(?=p\d)/m)) {
    const at = [...told.matchAll(/^n(.+):\d+$/gm)].map(([, where = '']) => plainAddress(where))
    if (!at.some((each) => clash(each, address))) continue
    const pid = /^p(\d+)$/m.exec(told)?.[1]
    const name = /^c(.+)$/m.exec(told)?.[1]
    if (pid !== undefined) return { name: name ?? 'a process', pid: Number(pid) }
  }
  return null
}
