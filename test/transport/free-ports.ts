import { randomInt } from 'node:crypto'
import net from 'node:net'

/**
 * Below those that systems give to whoever connects (from 32768 on Linux, 49152 elsewhere): such a
 * port, free a moment ago, may be the near end of somebody's connection now.
 */
const lowest = 20_000
const highest = 32_767

/** Ports of 127.0.0.1 that nobody listened at a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = randomInt(lowest, highest + 1)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

/** A process port whose ZeroMQ port (+ 10000) is free. */
export async function freeProcessPort(): Promise<number> {
  const [port] = await freePorts(1)
  return (port as number) - 10_000
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
