import net from 'node:net'

/** Ports of 127.0.0.1 that nobody listened at a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listen))
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  return ports
}

/** A process port whose ZeroMQ port (+ 10000) is free. */
export async function freeProcessPort(): Promise<number> {
  const [port] = await freePorts(1)
  return (port as number) - 10_000
}

function listen(): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}
