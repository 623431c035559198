import { execFileSync } from 'node:child_process'
import net from 'node:net'
import { here, type Place } from '../../harness/place.ts'

/**
 * Aborts the connections of a port of an address, as a network that fails does: both ends see a
 * reset. `ss -K` needs root and a kernel with CONFIG_INET_DIAG_DESTROY. `place`: the machine whose connections they are.
 */
export function cut(address: string, port: number, { before }: Place = here): void {
  const sides = [
    ['src', address, 'sport'],
    ['dst', address, 'dport'],
  ] as const
  for (const [side, host, name] of sides) {
    const which = ['-K', '-t', 'state', 'established', side, host, name, '=', String(port)]
    const [program = '', ...words] = [...before, 'ss', ...which]
    execFileSync(program, words, { stdio: 'ignore' })
  }
}

/** Tries it: true, if a connection of our own was cut. */
export async function canCut(): Promise<boolean> {
  const server = net.createServer((socket) => socket.on('error', () => undefined))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  const client = net.connect(port, '127.0.0.1')
  try {
    await new Promise((resolve) => client.once('connect', resolve))
    const ended = new Promise((resolve) => client.once('error', resolve).once('close', resolve))
    cut('127.0.0.1', port)
    const patience = AbortSignal.timeout(2_000)
    const late = new Promise<'late'>((resolve) =>
      patience.addEventListener('abort', () => resolve('late'), { once: true }),
    )
    return (await Promise.race([ended, late])) !== 'late'
  } catch {
    return false
  } finally {
    client.destroy()
    server.close()
  }
}
