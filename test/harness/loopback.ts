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

/** Ports of an address that nobody listened at a moment ago, all different. */
export async function freePorts(address: string, count: number): Promise<number[]> {
  const listen = () =>
    new Promise<net.Server>((resolve, reject) => {
      const server = net.createServer()
      server.once('error', reject)
      server.listen(0, address, () => resolve(server))
    })
  const servers = await Promise.all(Array.from({ length: count }, listen))
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  return ports
}
