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
export async function relayDefinition(): Promise<string> {
  const ports = await freePorts(demoHosts.length * portItems.length)
  const hosts = demoHosts.map((host, place) => {
    const own = ports.slice(place * portItems.length)
    const items = portItems.map((item, nth) => `                    ${itemLine(item, own[nth])}`)
    return `                host(name = "${host}") {\n${items.join('\n')}\n                }`
  })
  const items = {
    MqLayer: 'ZeroMQ',
    ZeroMQProxyModeEnabled: true,
    ZeroMQProxyUnicastRelayEnabled: true,
  }
  return definitionText(items, hosts)
}

/** A system definition of two nodes whose processes meet at an MQTT broker. */
export function brokerDefinition(url: string, pattern: string): string {
  const items = { MqLayer: 'MQTT', MqttBrokerUrl: url, MqttQueueNamePattern: pattern, MqttQos: 1 }
  return definitionText(
    items,
    demoHosts.map((host) => `                host(name = "${host}")`),
  )
}

function definitionText(items: Record<string, unknown>, hosts: readonly string[]): string {
  const lines = Object.entries(items).map(([name, value]) => `        ${itemLine(name, value)}`)
  return `systemDefinition {
    global {
${lines.join('\n')}
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

/** A text of Kotlin is one of JSON, but for its dollars. */
const itemLine = (name: string, value: unknown): string =>
  `item(name = "${name}", value = ${JSON.stringify(value).replaceAll('$', String.raw`\$`)})`

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
