import { createServer } from 'node:net'
import { portItems } from '../definition/items/node-ports.ts'
import type { NodePorts } from '../definition/settings.ts'
import { portOwner } from '../sockets/port-owner.ts'
import { type Examined, examined, type Finding, notExamined, problem } from './finding.ts'
import type { Ground } from './ground.ts'

/** Whether GENESIS_CLUSTER could have its ports, where it does not run. */
export async function examineOwnPorts({
  settings,
  addresses,
  snapshot,
  refusal,
}: Ground): Promise<Examined> {
  if (snapshot !== null || refusal !== null)
    return notExamined('ports here', 'GENESIS_CLUSTER has them')
  const { node, http } = settings
  const names = Object.keys(portItems) as (keyof NodePorts)[]
  const own = names.map((name) => [addresses.bind, node.ports[name], portItems[name]] as const)
  const byHttp = http ? [[http.address, http.port, 'TidingsHttpPort'] as const] : []
  const found = await Promise.all(
    [...own, ...byHttp].map(([address, port, item]) => findingsOf(address, port, item)),
  )
  const list = own.map(([, port]) => port).join(', ')
  const more = http ? `, and ${http.port} at ${http.address}` : ''
  const free = `the ports ${list} are free at ${addresses.bind}${more}`
  return examined('ports here', free, found.flat())
}

async function findingsOf(address: string, port: number, item: string): Promise<Finding[]> {
  const why = await whyNotBound(address, port)
  if (why === null) return []
  if (why === 'EADDRINUSE') {
    const owner = (await portOwner(address, port)) ?? 'another process'
    return [
      problem(
        `port ${port} (${item}) at ${address} is held by ${owner}`,
        `end it, or give ${item} another port, the same on all hosts`,
      ),
    ]
  }
  if (why === 'EADDRNOTAVAIL')
    return [
      problem(
        `port ${port} (${item}) cannot be bound at ${address}: it is no address of this machine`,
        'correct what the name of this host resolves to, or say which host this is: --host',
      ),
    ]
  return [
    problem(
      `port ${port} (${item}) cannot be bound at ${address}: ${why}`,
      `give ${item} a port of 1,024 and more, or let this user bind it`,
    ),
  ]
}

/** The code of the error; null: it can be bound. */
function whyNotBound(address: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
}
