import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from './loopback.ts'

/** How updates travel: `mesh` or `proxy` inside a node, and with `relay` or `multicast` between nodes too. */
export type Shape = `${'mesh' | 'proxy'}${'' | '+relay' | '+multicast'}`

export const shapes: readonly Shape[] = ['mesh', 'proxy', 'mesh+relay', 'proxy+relay']
export const multicastShapes: readonly Shape[] = ['mesh+multicast', 'proxy+multicast']

export const isProxy = (shape: Shape) => shape.startsWith('proxy')
export const isRelay = (shape: Shape) => shape.endsWith('relay')

/** There are several nodes. */
export const isLinked = (shape: Shape) => shape.includes('+')

/** The ports of GENESIS_CLUSTER, the same on each node. */
export interface ClusterPorts {
  readonly inbound: number
  readonly outbound: number
  readonly cluster: number
  readonly registry: number
  readonly relay: number
  readonly export: number
}

/** Items of a definition, by name. */
export type Items = Readonly<Record<string, string | number | boolean>>

export async function freeClusterPorts(address: string): Promise<ClusterPorts> {
  const [inbound = 0, outbound = 0, cluster = 0, registry = 0, relay = 0, exported = 0] =
    await freePorts(address, 6)
  return { inbound, outbound, cluster, registry, relay, export: exported }
}

/** Writes a system definition as an operator would; returns its path. */
export function writeDefinition(
  directory: string,
  shape: Shape,
  hosts: readonly string[],
  ports: ClusterPorts,
  more: Items = {},
): string {
  const items: [string, Items[string]][] = [
    ['MqLayer', 'ZeroMQ'],
    ['ZeroMQProxyInboundPort', ports.inbound],
    ['ZeroMQProxyOutboundPort', ports.outbound],
    ['ZeroMQProxyModeEnabled', isProxy(shape)],
    ['ZeroMQProxyUnicastRelayEnabled', isRelay(shape)],
    ['ClusterPort', ports.cluster],
    ['TidingsRegistryPort', ports.registry],
    ['TidingsRelayPort', ports.relay],
    ['TidingsExportPort', ports.export],
    ...Object.entries(more),
  ]
  const lines = [
    'systemDefinition {',
    '    global {',
    ...items.map(([name, value]) => `        item(name = "${name}", value = "${value}")`),
    '    }',
    '    systems {',
    '        system(name = "TEST") {',
    '            hosts {',
    ...hosts.map((host) => `                host("${host}")`),
    '            }',
    '        }',
    '    }',
    '}',
  ]
  const file = join(directory, `genesis-system-definition-${shape}.kts`)
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}
