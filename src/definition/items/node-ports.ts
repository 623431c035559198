import { maxPort, zeromqPortOffset } from '../../base/process-port.ts'
import type { Definition, Findings } from '../definition.ts'
import { isSameHost } from '../definition.ts'
import { valueOf } from './judged-items.ts'
import type { KnownItemName } from './known-items.ts'
import { problemFrom, problemOf } from '../problem.ts'
import { portAt } from './item-value.ts'
import type { ResolvedItem, ResolvedItems } from './resolved-items.ts'
import type { NodePorts } from '../settings.ts'

/** Where there is no definition at all. Not 5001 and 5000: port 5000 is taken on every Mac. */
const defaultInbound = 5561
const defaultOutbound = 5560
const defaultCluster = 6000

/** The ports that follow the cluster port where nothing else is said, and how far behind it. */
const afterCluster = { registry: 1, relay: 2, export: 3 } as const

/** The item that gives each port. */
export const portItems = {
  inbound: 'ZeroMQProxyInboundPort',
  outbound: 'ZeroMQProxyOutboundPort',
  cluster: 'ClusterPort',
  registry: 'TidingsRegistryPort',
  relay: 'TidingsRelayPort',
  export: 'TidingsExportPort',
} as const satisfies Record<keyof NodePorts, KnownItemName>

type PortName = keyof NodePorts

/** A port with the item that sets it; computed from another where `item` is undefined. */
interface NamedPort {
  readonly label: string
  readonly port: number
  readonly item: ResolvedItem | undefined
}

/**
 * The ports of one node; null after an error. What a value should be was judged before: a wrong one
 * is passed over here, so that one mistake is told once.
 */
export function nodePorts(
  items: ResolvedItems,
  definition: Definition,
  findings: Findings,
): NodePorts | null {
  const errors = findings.errors.length
  const ports = new Map<PortName, NamedPort>()
  const set = (name: PortName, fallback: number | null, label: string = portItems[name]) => {
    const item = items.get(portItems[name].toLowerCase())
    const port = item ? valueOf(item) : fallback
    if (typeof port === 'number') {
      ports.set(name, { label: item ? portItems[name] : label, port, item })
    }
  }
  set('inbound', defaultInbound)
  set('outbound', defaultOutbound)
  set('cluster', defaultCluster)
  const cluster = ports.get('cluster')
  for (const [name, distance] of Object.entries(afterCluster)) {
    const key = name as keyof typeof afterCluster
    const fallback = cluster ? cluster.port + distance : null
    set(key, fallback, `${portItems[key]} (ClusterPort + ${distance})`)
  }
  judgeRange([...ports.values()], cluster?.item, findings)
  judgeDistinct([...ports.values(), ...httpPorts(items)], definition, findings)
  if (ports.size < Object.keys(portItems).length || findings.errors.length > errors) return null
  const portOf = (name: PortName): number => (ports.get(name) as NamedPort).port
  return {
    inbound: portOf('inbound'),
    outbound: portOf('outbound'),
    cluster: portOf('cluster'),
    registry: portOf('registry'),
    relay: portOf('relay'),
    export: portOf('export'),
  }
}

/** Where GENESIS_CLUSTER answers by HTTP, if it does. */
function httpPorts(items: ResolvedItems): NamedPort[] {
  const item = items.get('tidingshttpport')
  const at = portAt(String(valueOf(item)), '')
  return item && at ? [{ label: item.name, port: at.port, item }] : []
}

function judgeRange(
  ports: readonly NamedPort[],
  cluster: ResolvedItem | undefined,
  findings: Findings,
): void {
  for (const { label, port } of ports) {
    if (port <= maxPort) continue
    const message = `${label} would be ${port}: expected at most ${maxPort}, set it or a lower ClusterPort`
    const origin = cluster?.written.valueOrigin
    findings.errors.push(origin ? problemFrom(origin, message) : problemOf(message))
  }
}

function judgeDistinct(
  ports: readonly NamedPort[],
  definition: Definition,
  findings: Findings,
): void {
  const byPort = new Map<number, NamedPort>()
  for (const named of ports) {
    const other = byPort.get(named.port)
    if (!other) {
      byPort.set(named.port, named)
      continue
    }
    const message = `${other.label} and ${named.label} are both ${named.port}: the ports of a node must all differ`
    const written = laterOf(other.item, named.item, definition)
    findings.errors.push(written ? problemFrom(written.valueOrigin, message) : problemOf(message))
  }
}

/** The one that was written later made the clash. */
function laterOf(a: ResolvedItem | undefined, b: ResolvedItem | undefined, { items }: Definition) {
  const [earlier, later] = [a, b]
    .flatMap((item) => (item ? [item.written] : []))
    .sort((one, other) => items.indexOf(one) - items.indexOf(other))
  return later ?? earlier
}

/** The items that must be there and are not, by name. */
export function missingPorts(items: ResolvedItems): string[] {
  return [portItems.inbound, portItems.outbound].filter((name) => !items.has(name.toLowerCase()))
}

/** Process ports of this node whose ZeroMQ port is one of GENESIS_CLUSTER's. */
export function judgeServicePorts(
  ports: NodePorts,
  items: ResolvedItems,
  host: string,
  { services }: Definition,
  findings: Findings,
): void {
  const own = [
    ...Object.entries(ports).map(([name, port]) => ({ item: portItems[name as PortName], port })),
    ...httpPorts(items).map(({ label, port }) => ({ item: label, port })),
  ]
  for (const service of services) {
    const isHere = service.host === 'localhost' || isSameHost(service.host, host)
    if (!isHere || service.external) continue
    const zeromqPort = service.port + zeromqPortOffset
    const clash = own.find(({ port }) => port === zeromqPort)
    if (!clash) continue
    const message =
      `${service.process}: its ZeroMQ port ${zeromqPort} ` +
      `(${service.port} + ${zeromqPortOffset}) is ${clash.item} too`
    findings.errors.push(problemFrom(service.origin, message))
  }
}
