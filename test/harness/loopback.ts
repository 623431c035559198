import { zeromqPortOffset } from '../../src/base/process-port.ts'
import { randomInt } from 'node:crypto'
import net from 'node:net'

/** Linux gives a machine all of 127.0.0.0/8; elsewhere there is one loopback address, so one node. */
export const maxNodes = process.platform === 'linux' ? 250 : 1

/**
 * Addresses of this machine for the nodes of one cluster. On Linux each cluster has a subnet of its
 * own, so that clusters which run side by side never meet at a port.
 */
export function nodeAddresses(count: number): string[] {
  if (count > maxNodes) throw new Error(`${count} nodes need as many loopback addresses`)
  if (maxNodes === 1) return ['127.0.0.1']
  const subnet = `127.${randomInt(1, 255)}.${randomInt(0, 256)}`
  return Array.from({ length: count }, (_, index) => `${subnet}.${index + 2}`)
}

/**
 * Above those that GENESIS_CLUSTER hands to processes (from 11000, their ZeroMQ ports 10000 above), and below
 * those that systems give to whoever connects (from 32768 on Linux): such a port, free a moment ago, may be
 * the near end of somebody's connection now.
 */
const lowestPort = 24_000
const highestPort = 32_767

/** Ports of an address that nobody listened at a moment ago, all different. */
export async function freePorts(address: string, count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = randomInt(lowestPort, highestPort + 1)
    if (await isFree(address, port)) ports.add(port)
  }
  return [...ports]
}

/** A process port whose ZeroMQ port (+ 10000) is free. */
export async function freeProcessPort(address: string): Promise<number> {
  const [port = Number.NaN] = await freePorts(address, 1)
  return port - zeromqPortOffset
}

function isFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen(port, address, () => server.close(() => resolve(true)))
  })
}
