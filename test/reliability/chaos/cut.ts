import { execFileSync } from 'node:child_process'
import net from 'node:net'

/**
 * Aborts the connections of a port of an address, as a network that fails does: both ends see a
 * reset. `ss -K` needs root and a kernel with CONFIG_INET_DIAG_DESTROY.
 */
export function cut(address: string, port: number): void {
  const sides = [
    ['src', address, 'sport'],
    ['dst', address, 'dport'],
  ] as const
  for (const [side, host, name] of sides)
    execFileSync('ss', ['-K', '-t', 'state', 'established', side, host, name, '=', String(port)], {
      stdio: 'ignore',
    })
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
