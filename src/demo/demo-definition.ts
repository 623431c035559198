import { createServer } from 'node:net'
import { TidingsError } from '../base/tidings-error.ts'

/**
 * Both names are this machine on every system (other addresses of 127.0.0.0/8 are not there on
 * macOS), so each node gets ports of its own.
 */
export const demoHosts = ['127.0.0.1', 'localhost'] as const

export const demoSystem = 'DEMO'

const portItems = [
  'ZeroMQProxyInboundPort',
  'ZeroMQProxyOutboundPort',
  'ClusterPort',
  'TidingsRegistryPort',
  'TidingsRelayPort',
  'TidingsExportPort',
] as const

/** Below the ports that systems give to outgoing connections (Linux from 32768, macOS from 49152). */
const firstPort = 24_000
const lastPort = 31_999

/** A system definition of two nodes on this machine, proxies in each and the relay between them. */
export async function demoDefinition(): Promise<string> {
  const ports = await freePorts(demoHosts.length * portItems.length)
  const hosts = demoHosts.map((host, place) => {
    const own = ports.slice(place * portItems.length)
    const items = portItems.map(
      (item, nth) => `                    item(name = "${item}", value = ${own[nth]})`,
    )
    return `                host(name = "${host}") {\n${items.join('\n')}\n                }`
  })
  return `systemDefinition {
    global {
        item(name = "MqLayer", value = "ZeroMQ")
        item(name = "ZeroMQProxyModeEnabled", value = true)
        item(name = "ZeroMQProxyUnicastRelayEnabled", value = true)
    }
    systems {
        system(name = "${demoSystem}") {
            hosts {
${hosts.join('\n')}
            }
        }
    }
}
`
}

/** From a random place on, so that two demonstrations at once rarely ask for the same. */
async function freePorts(count: number): Promise<number[]> {
  const all = lastPort - firstPort + 1
  const start = Math.floor(Math.random() * all)
  const found: number[] = []
  for (let step = 0; step < all && found.length < count; step++) {
    const port = firstPort + ((start + step) % all)
    if (await isFree(port)) found.push(port)
  }
  if (found.length === count) return found
  throw new TidingsError(
    'PORT_TAKEN',
    `no ${count} ports from ${firstPort} to ${lastPort} are free`,
  )
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, demoHosts[0], () => server.close(() => resolve(true)))
  })
}
