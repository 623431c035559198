import { maxPort, maxProcessPort } from '../../base/process-port.ts'
import { assertNever } from '../../base/assertion.ts'

/** What an item's value may be. */
export type ItemType =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'port' }
  | { readonly kind: 'integer'; readonly least: number; readonly most: number }
  /** One of `words`; of `foreign` ones the documentation speaks, but they are not carried here. */
  | {
      readonly kind: 'word'
      readonly words: readonly string[]
      readonly foreign: readonly string[]
    }
  /** Address of a multicast group. */
  | { readonly kind: 'group' }
  /** One, or several with commas between them. */
  | { readonly kind: 'urls'; readonly schemes: readonly string[] }
  /** A topic of MQTT in which {{TABLE_NAME}} stands for the table. */
  | { readonly kind: 'topic-pattern' }
  /** Process ports from one to another: `11000-11999`. */
  | { readonly kind: 'process-ports' }
  /** A port, with the address at which it is bound before it where one is given: `9464`, `[::]:9464`. */
  | { readonly kind: 'port-at' }
  /** A name that DNS may know. */
  | { readonly kind: 'name' }
  | { readonly kind: 'text' }

/** The layer with which an item counts; `always`: with each; `never`: known, of no use here. */
export type ItemUse = 'always' | 'ZeroMQ' | 'MQTT' | 'never'

export interface KnownItem {
  /** In the documentation's spelling. Names are matched without regard to case. */
  readonly name: string
  readonly type: ItemType
  /** As it would be written; null: none. A default like `ClusterPort + 1` is computed. */
  readonly default: string | null
  /** What it does, for people. */
  readonly meaning: string
  readonly use: ItemUse
}

/** A relay that gathers longer than this would hold updates back longer than people can mean. */
const maxRelayIntervalMs = 60_000

/** More threads than any broker's client ever used. The item is read and not used. */
const maxThreadPoolSize = 1_024

/** What every host that speaks IP takes whole, and the most that UDP carries. */
const leastDatagramBytes = 576
const mostDatagramBytes = 65_000

const mostMbitPerSecond = 10_000

const boolean: ItemType = { kind: 'boolean' }
const port: ItemType = { kind: 'port' }

/**
 * Every item that this product knows: the single source for what is checked, what `check` says and
 * what docs/DEFINITION.md tells.
 */
export const knownItems = [
  {
    name: 'MqLayer',
    type: { kind: 'word', words: ['ZeroMQ', 'MQTT'], foreign: ['JMS', 'Aeron'] },
    default: 'ZeroMQ',
    meaning: 'What carries the updates: ZeroMQ (no broker), or MQTT (through a broker).',
    use: 'always',
  },
  {
    name: 'ZeroMQProxyInboundPort',
    type: port,
    default: '5561',
    meaning:
      'Port of GENESIS_CLUSTER to which updates are published. ' +
      'A definition must have it; the default holds only where there is none.',
    use: 'ZeroMQ',
  },
  {
    name: 'ZeroMQProxyOutboundPort',
    type: port,
    default: '5560',
    meaning:
      'Port of GENESIS_CLUSTER from which updates are received. ' +
      'A definition must have it; the default holds only where there is none.',
    use: 'ZeroMQ',
  },
  {
    name: 'ZeroMQProxyModeEnabled',
    type: boolean,
    default: 'false',
    meaning:
      'true: the processes of a node talk through GENESIS_CLUSTER (proxy). false: each connects to each (mesh).',
    use: 'ZeroMQ',
  },
  {
    name: 'ZeroMQProxyUnicastRelayEnabled',
    type: boolean,
    default: 'false',
    meaning:
      'true: the nodes are linked point to point (relay). ' +
      'false: by multicast. The same on all hosts.',
    use: 'ZeroMQ',
  },
  {
    name: 'ZeroMQProxyUnicastRelayIntervalMs',
    type: { kind: 'integer', least: 0, most: maxRelayIntervalMs },
    default: '0',
    meaning:
      'How long the relay may gather before it sends, in milliseconds. Checked and not used: it sends at once.',
    use: 'ZeroMQ',
  },
  {
    name: 'ZeroMQConnectToLocalhostViaLoopback',
    type: boolean,
    default: 'false',
    meaning: 'true: the processes of a node reach each other through the loopback address.',
    use: 'ZeroMQ',
  },
  {
    name: 'TidingsProcessPorts',
    type: { kind: 'process-ports' },
    default: `11000-${maxProcessPort}`,
    meaning:
      'Process ports that GENESIS_CLUSTER hands out to processes which have none, the lowest free one first. The ZeroMQ port of a process is 10000 higher.',
    use: 'ZeroMQ',
  },
  {
    name: 'TidingsClusterName',
    type: { kind: 'text' },
    default: 'the name of the system',
    meaning:
      'Name of the cluster. Nodes and processes whose cluster has another one are refused, so that two projects with the same hosts and ports never become one.',
    use: 'always',
  },
  {
    name: 'TidingsHostsQuery',
    type: { kind: 'name' },
    default: null,
    meaning:
      'A name of DNS whose addresses are the hosts, which come and go: a headless service of Kubernetes, a service of compose. ' +
      'The system lists no hosts then, and a node is named by --host, or as its machine.',
    use: 'ZeroMQ',
  },
  {
    name: 'TidingsBeaconPort',
    type: { kind: 'integer', least: 0, most: maxPort },
    default: '0',
    meaning:
      'UDP port of the beacons of ZRE (RFC 36 has 5670), which say to the whole network that a node is there or leaves; 0: none are sent or heard.',
    use: 'ZeroMQ',
  },
  {
    name: 'ClusterPort',
    type: port,
    default: '6000',
    meaning: 'Port of GENESIS_CLUSTER for membership between the nodes.',
    use: 'ZeroMQ',
  },
  {
    name: 'TidingsRegistryPort',
    type: port,
    default: 'ClusterPort + 1',
    meaning: "Port of GENESIS_CLUSTER at which the node's processes register.",
    use: 'ZeroMQ',
  },
  {
    name: 'TidingsRelayPort',
    type: port,
    default: 'ClusterPort + 2',
    meaning:
      'Port of GENESIS_CLUSTER from which the other nodes take updates (relay), or at which they speak to it (multicast).',
    use: 'ZeroMQ',
  },
  {
    name: 'TidingsExportPort',
    type: port,
    default: 'ClusterPort + 3',
    meaning: 'Port of GENESIS_CLUSTER to which mesh processes publish what other nodes need.',
    use: 'ZeroMQ',
  },
  {
    name: 'TidingsHttpPort',
    type: { kind: 'port-at' },
    default: null,
    meaning:
      'Where GENESIS_CLUSTER answers `/healthz`, `/readyz` and `/metrics` by HTTP, to everybody who comes there. ' +
      'A port alone is bound at loopback. Without: nowhere.',
    use: 'ZeroMQ',
  },
  {
    name: 'TidingsKeyFile',
    type: { kind: 'text' },
    default: null,
    meaning:
      'File with the keys of the cluster, made by `tidings keygen`; relative to the file that names it. ' +
      'With it all connections are encrypted, and who has no key is let in nowhere. On all hosts or on none.',
    use: 'ZeroMQ',
  },
  {
    name: 'TidingsMulticastGroup',
    type: { kind: 'group' },
    default: '239.192.84.73',
    meaning: 'Address of the group of UDP multicast. The same on all hosts.',
    use: 'ZeroMQ',
  },
  {
    name: 'TidingsMulticastPort',
    type: port,
    default: 'ClusterPort',
    meaning: 'UDP port of the group. The same on all hosts.',
    use: 'ZeroMQ',
  },
  {
    name: 'TidingsMulticastInterface',
    type: { kind: 'text' },
    default: null,
    meaning:
      'Network interface for multicast, by its name or an address on it. Without: the one on which the other hosts reach this one.',
    use: 'ZeroMQ',
  },
  {
    name: 'TidingsMulticastTtl',
    type: { kind: 'integer', least: 0, most: 255 },
    default: '1',
    meaning: 'How far datagrams go: 1 is this network; each router on the way needs one more.',
    use: 'ZeroMQ',
  },
  {
    name: 'TidingsMulticastDatagramBytes',
    type: { kind: 'integer', least: leastDatagramBytes, most: mostDatagramBytes },
    default: '1400',
    meaning:
      'Bytes of a datagram at most, without the headers of IP and UDP (28 bytes): what every network on the way carries whole.',
    use: 'ZeroMQ',
  },
  {
    name: 'TidingsMulticastMbitPerSecond',
    type: { kind: 'integer', least: 1, most: mostMbitPerSecond },
    default: '256',
    meaning: 'What this host sends to the group at most, in millions of bits a second.',
    use: 'ZeroMQ',
  },
  {
    name: 'MqttBrokerUrl',
    type: { kind: 'urls', schemes: ['tcp', 'ssl', 'tls', 'mqtt', 'mqtts', 'ws', 'wss'] },
    default: 'tcp://localhost:1883',
    meaning:
      'URL of the MQTT broker; several with commas between them are tried in turn. ssl, tls, mqtts and wss: with TLS.',
    use: 'MQTT',
  },
  {
    name: 'MqttQos',
    type: { kind: 'integer', least: 0, most: 2 },
    default: '2',
    meaning: 'Quality of service: 0 at most once, 1 at least once, 2 exactly once.',
    use: 'MQTT',
  },
  {
    name: 'MqttClientId',
    type: { kind: 'text' },
    default: 'genesis/{{HOSTNAME}}/{{PROCESS_NAME}}',
    meaning:
      'Template of the client id: {{HOSTNAME}} and {{PROCESS_NAME}} are filled in; instance and a part of the incarnation follow. ' +
      'One with {{INCARNATION}} is taken as it stands.',
    use: 'MQTT',
  },
  {
    name: 'MqttQueueNamePattern',
    type: { kind: 'topic-pattern' },
    default: 'genesis/database/{{TABLE_NAME}}',
    meaning:
      'Template of the topic name: {{TABLE_NAME}} is filled in. What is no update is below the same with ~ for the table. The same on all hosts.',
    use: 'MQTT',
  },
  {
    name: 'MqttThreadPoolSize',
    type: { kind: 'integer', least: 1, most: maxThreadPoolSize },
    default: '4',
    meaning: 'Threads of the client. Checked and not used: there is one event loop here.',
    use: 'never',
  },
  {
    name: 'MqttUsername',
    type: { kind: 'text' },
    default: null,
    meaning: 'User name at the broker.',
    use: 'MQTT',
  },
  {
    name: 'MqttPassword',
    type: { kind: 'text' },
    default: null,
    meaning: 'Password at the broker. Never shown.',
    use: 'MQTT',
  },
  {
    name: 'MqttTlsVerify',
    type: boolean,
    default: 'true',
    meaning: "false: the broker's certificate is not verified. For development and tests only.",
    use: 'MQTT',
  },
  {
    name: 'TidingsMqttCaFile',
    type: { kind: 'text' },
    default: null,
    meaning:
      "File with the certificates (PEM) that the broker's must come from, in place of those that Node knows; relative to the file that names it.",
    use: 'MQTT',
  },
  {
    name: 'TidingsMqttCertificateFile',
    type: { kind: 'text' },
    default: null,
    meaning:
      'File with our own certificate (PEM), for a broker that asks for one; relative to the file that names it. With TidingsMqttKeyFile or not at all.',
    use: 'MQTT',
  },
  {
    name: 'TidingsMqttKeyFile',
    type: { kind: 'text' },
    default: null,
    meaning:
      'File with the key of that certificate (PEM), which nobody but its owner may read; relative to the file that names it.',
    use: 'MQTT',
  },
  {
    name: 'ClusterMode',
    type: { kind: 'text' },
    default: null,
    meaning:
      'CONSUL names an outside registry. Not used: the nodes are the hosts of the definition.',
    use: 'never',
  },
  {
    name: 'PrimaryIfSingleNode',
    type: boolean,
    default: null,
    meaning: 'A single node is the primary. Not used: no node is special to the update queue.',
    use: 'never',
  },
] as const satisfies readonly KnownItem[]

export type KnownItemName = (typeof knownItems)[number]['name']

const byName: ReadonlyMap<string, KnownItem> = new Map(
  knownItems.map((item) => [item.name.toLowerCase(), item]),
)

export const knownItemNames: readonly string[] = knownItems.map((item) => item.name)

/** The known item of that name in any case; null where it is none. */
export const knownItem = (name: string): KnownItem | null => byName.get(name.toLowerCase()) ?? null

/** What a type's values are, in words: for errors and the documentation. */
export function expectedOf(type: ItemType): string {
  switch (type.kind) {
    case 'boolean':
      return 'true or false'
    case 'port':
      return `a port from 1 to ${maxPort}`
    case 'integer':
      return `a whole number from ${type.least} to ${type.most}`
    case 'word':
      return type.words.join(' or ')
    case 'group':
      return 'a multicast address (224.0.0.0 to 239.255.255.255, or ff00::/8)'
    case 'urls':
      return `a URL (${type.schemes.join(', ')}), or several with commas between them`
    case 'topic-pattern':
      return 'a topic with {{TABLE_NAME}} in it once, without #, + and empty levels, and not beginning with $'
    case 'process-ports':
      return `a range of process ports from 1 to ${maxProcessPort}, such as 11000-11999`
    case 'port-at':
      return `a port from 1 to ${maxPort}, or an address of this host and a port, such as 10.0.0.1:9464 or [::]:9464`
    case 'name':
      return 'a name of DNS'
    case 'text':
      return 'text'
    default:
      return assertNever(type)
  }
}
