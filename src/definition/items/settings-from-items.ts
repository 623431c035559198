import type { Definition, Findings } from '../definition.ts'
import { valueOf } from './judged-items.ts'
import type { Layer } from './judged-items.ts'
import { knownItem } from './known-items.ts'
import type { KnownItemName } from './known-items.ts'
import { judgeServicePorts, missingPorts, nodePorts } from './node-ports.ts'
import type { NodeInForce } from './node-in-force.ts'
import { problemFrom, problemOf } from '../problem.ts'
import type { ResolvedItems } from './resolved-items.ts'
import { servicesInForce } from './services-in-force.ts'
import { hasOthers } from '../settings.ts'
import type {
  MqttSettings,
  MulticastSettings,
  NodeSettings,
  PortAt,
  PortRange,
  Settings,
} from '../settings.ts'
import { maxProcessPort } from '../../base/process-port.ts'
import { portAt, portRange, urlsOf } from './item-value.ts'
import { isLoopbackAddress } from '../machine.ts'

/** The items that count on each host of the system in force. */
type ItemsByHost = ReadonlyMap<string, ResolvedItems>

/** Above the defaults of the services that Genesis ships. */
const anyProcessPort: PortRange = { first: 11_000, last: maxProcessPort }

/** Items that say how the nodes work together: all hosts must agree on them. */
const sharedItems: readonly KnownItemName[] = [
  'MqLayer',
  'ZeroMQProxyUnicastRelayEnabled',
  'TidingsClusterName',
  'TidingsMulticastGroup',
]

/** Checked items of all nodes → what they mean for this one. Null after an error. */
export function settingsFromItems(
  definition: Definition,
  node: NodeInForce,
  itemsByHost: ItemsByHost,
  layer: Layer,
  findings: Findings,
): Settings | null {
  const here: ResolvedItems = itemsByHost.get(node.host) ?? new Map()
  judgeAgreement(itemsByHost, findings)
  if (layer === 'ZeroMQ') judgeMissingPorts(definition, itemsByHost, findings)
  const services = servicesInForce(definition, node.hosts, findings)
  const nodes: NodeSettings[] = []
  for (const [name, items] of itemsByHost) {
    const ports = nodePorts(items, definition, findings)
    if (ports) nodes.push({ name, ports })
  }
  const own = nodes.find(({ name }) => name === node.host)
  if (!own) return null
  if (layer === 'ZeroMQ') judgeServicePorts(own.ports, here, node.host, definition, findings)
  const relay = read(here, 'ZeroMQProxyUnicastRelayEnabled') === true
  const hostsQuery = layer === 'ZeroMQ' ? textOf(here, 'TidingsHostsQuery') : null
  if (hostsQuery !== null) judgeQuery(node, here, findings)
  const isAlone = !hasOthers({ nodes, hostsQuery })
  if (layer === 'ZeroMQ') noteLink(isAlone, relay, here, findings)
  const link = linkOf(layer, isAlone, relay)
  const http = layer === 'ZeroMQ' ? httpPort(here, node.host) : null
  if (link === 'multicast') judgeGroupPorts(itemsByHost, nodes, findings)
  return {
    layer,
    system: node.system,
    clusterName: here.has('tidingsclustername')
      ? (textOf(here, 'TidingsClusterName') ?? '')
      : (node.system ?? ''),
    mode: read(here, 'ZeroMQProxyModeEnabled') === true ? 'proxy' : 'mesh',
    link,
    nodes,
    hostsQuery,
    beaconPort: Number(read(here, 'TidingsBeaconPort')),
    node: own,
    services,
    processPorts: portRange(textOf(here, 'TidingsProcessPorts') ?? '') ?? anyProcessPort,
    connectViaLoopback: read(here, 'ZeroMQConnectToLocalhostViaLoopback') === true,
    relayIntervalMs: Number(read(here, 'ZeroMQProxyUnicastRelayIntervalMs')),
    ...(http && { http }),
    ...(link === 'multicast' ? { multicast: multicastSettings(here, own) } : {}),
    ...(layer === 'MQTT' ? { mqtt: mqttSettings(here) } : {}),
  }
}

/** The item's value, or its default. */
function read(items: ResolvedItems, name: KnownItemName): string | number | boolean | null {
  const item = items.get(name.toLowerCase())
  if (item) return valueOf(item)
  const known = knownItem(name)
  if (!known || known.default === null) return null
  if (known.type.kind === 'boolean') return known.default === 'true'
  return known.type.kind === 'integer' ? Number(known.default) : known.default
}

function textOf(items: ResolvedItems, name: KnownItemName): string | null {
  const value = read(items, name)
  return value === null ? null : String(value)
}

/** Nodes of one machine, which are named by loopback addresses, may all have the same port. */
function httpPort(items: ResolvedItems, host: string): PortAt | null {
  const text = textOf(items, 'TidingsHttpPort')
  return text === null ? null : portAt(text, isLoopbackAddress(host) ? host : '127.0.0.1')
}

/** Either the definition knows the hosts, or DNS does. */
function judgeQuery({ listed }: NodeInForce, items: ResolvedItems, findings: Findings): void {
  const written = items.get('tidingshostsquery')?.written
  if (listed.length === 0 || !written) return
  const names = listed.map(({ name }) => name).join(', ')
  const message = `TidingsHostsQuery finds the hosts, and the system lists some (${names}): expected one of both`
  findings.errors.push(problemFrom(written.origin, message))
}

function mqttSettings(items: ResolvedItems): MqttSettings {
  const text = (name: KnownItemName) => textOf(items, name)
  return {
    brokerUrls: urlsOf(text('MqttBrokerUrl') ?? ''),
    qos: Number(read(items, 'MqttQos')) as 0 | 1 | 2,
    clientId: text('MqttClientId') ?? '',
    queueNamePattern: text('MqttQueueNamePattern') ?? '',
    username: text('MqttUsername'),
    password: text('MqttPassword'),
    // The files are read later: see `mqttTls()`.
    tls: {
      verify: read(items, 'MqttTlsVerify') !== false,
      ca: null,
      certificate: null,
      key: null,
    },
  }
}

function linkOf(layer: Layer, isAlone: boolean, relay: boolean): Settings['link'] {
  if (layer !== 'ZeroMQ' || isAlone) return 'none'
  return relay ? 'relay' : 'multicast'
}

const bytesOfMbit = 1_000_000 / 8

/** The port of the group is that of membership where nothing else is said: one is UDP, the other TCP. */
const groupPortOf = (items: ResolvedItems, { ports }: NodeSettings): number => {
  const item = items.get('tidingsmulticastport')
  return Number(item ? valueOf(item) : ports.cluster)
}

function multicastSettings(items: ResolvedItems, own: NodeSettings): MulticastSettings {
  const wanted = read(items, 'TidingsMulticastInterface')
  return {
    group: String(read(items, 'TidingsMulticastGroup')),
    port: groupPortOf(items, own),
    interface: wanted === null ? null : String(wanted),
    ttl: Number(read(items, 'TidingsMulticastTtl')),
    datagramBytes: Number(read(items, 'TidingsMulticastDatagramBytes')),
    bytesPerSecond: Number(read(items, 'TidingsMulticastMbitPerSecond')) * bytesOfMbit,
  }
}

/** Nodes at different ports of the group would not hear each other. */
function judgeGroupPorts(
  itemsByHost: ItemsByHost,
  nodes: readonly NodeSettings[],
  findings: Findings,
): void {
  const ports = nodes.map((node) => groupPortOf(itemsByHost.get(node.name) ?? new Map(), node))
  if (new Set(ports).size < 2) return
  const values = nodes.map(({ name }, place) => `${name} ${ports[place]}`).join(', ')
  findings.errors.push(
    problemOf(
      `TidingsMulticastPort, which is ClusterPort where it is not set, must be the same on all hosts: ${values}`,
    ),
  )
}

function judgeAgreement(itemsByHost: ItemsByHost, findings: Findings): void {
  for (const name of sharedItems) {
    const values = [...itemsByHost].map(([host, items]) => `${host} ${String(read(items, name))}`)
    const distinct = new Set([...itemsByHost.values()].map((items) => String(read(items, name))))
    if (distinct.size < 2) continue
    const message = `${name} must be the same on all hosts: ${values.join(', ')}`
    const [written] = [...itemsByHost.values()]
      .flatMap((items) => items.get(name.toLowerCase()) ?? [])
      .filter((item) => item.written.scope.level === 'host')
    const origin = written?.written.valueOrigin
    findings.errors.push(origin ? problemFrom(origin, message) : problemOf(message))
  }
}

/** Only a node without any definition may do with the defaults. */
function judgeMissingPorts(
  definition: Definition,
  itemsByHost: ItemsByHost,
  findings: Findings,
): void {
  const [origin] = definition.origins
  if (!origin || definition.isCutShort) return
  const hostsByMissing = new Map<string, string[]>()
  for (const [host, items] of itemsByHost) {
    const missing = missingPorts(items)
      .filter((name) => !isTold(name, definition))
      .join(' and ')
    if (missing !== '') hostsByMissing.set(missing, [...(hostsByMissing.get(missing) ?? []), host])
  }
  for (const [missing, hosts] of hostsByMissing) {
    const verb = missing.includes(' and ') ? 'are' : 'is'
    const where = hosts.length < itemsByHost.size ? ` for ${hosts.join(', ')}` : ''
    const message =
      'MqLayer ZeroMQ needs ZeroMQProxyInboundPort and ZeroMQProxyOutboundPort: ' +
      `${missing} ${verb} missing${where}`
    findings.errors.push(problemFrom(origin, message))
  }
}

/**
 * The item is there, in a text with mistakes or as a link to nowhere: that is told already, and to
 * tell it as missing would be one more error for the same mistake.
 */
function isTold(name: string, { damaged, items }: Definition): boolean {
  const isLink = items.some(
    (item) => item.kind === 'link' && item.name.toLowerCase() === name.toLowerCase(),
  )
  return isLink || damaged.some(({ text }) => text.toLowerCase().includes(name.toLowerCase()))
}

function noteLink(
  isAlone: boolean,
  relay: boolean,
  items: ResolvedItems,
  findings: Findings,
): void {
  const item = items.get('zeromqproxyunicastrelayenabled')
  if (!isAlone || !relay || !item) return
  const message = 'ZeroMQProxyUnicastRelayEnabled is true, and there is one host: nothing to link'
  findings.notes.push(problemFrom(item.written.origin, message))
}
