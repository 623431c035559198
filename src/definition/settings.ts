import type { KeySettings } from '../model/key-ring.ts'
import type { NodeLink, NodeMode } from '../model/roster-entry.ts'

/** The ports of one node's GENESIS_CLUSTER; each from 1 to 65535, all different. */
export interface NodePorts {
  readonly inbound: number
  readonly outbound: number
  /** Membership (ZRE). */
  readonly cluster: number
  /** Registration of the node's processes. */
  readonly registry: number
  readonly relay: number
  readonly export: number
}

/** One host of the definition, as the update queue uses it. */
export interface NodeSettings {
  /** As the definition writes it: a name or an address. It is the node's name everywhere. */
  readonly name: string
  readonly ports: NodePorts
}

/** A process port that the service definitions give to a process. */
export interface ServicePort {
  readonly process: string
  readonly host: string
  readonly port: number
  /** TLS for the process's own connections; of no meaning to the update queue. */
  readonly secure?: boolean
  /** The process lives on another server. */
  readonly external?: boolean
}

export interface PortRange {
  readonly first: number
  readonly last: number
}

/** A port and the address at which it is bound. */
export interface PortAt {
  readonly address: string
  readonly port: number
}

/** How nodes are linked by multicast. */
export interface MulticastSettings {
  /** Address of the group. */
  readonly group: string
  /** UDP port of the group. */
  readonly port: number
  /** Name of the network interface, or an address on it; null: that on which the other nodes reach this one. */
  readonly interface: string | null
  /** Routers that a datagram may pass, and this host: 1 is this network. */
  readonly ttl: number
  /** Of a datagram at most. */
  readonly datagramBytes: number
  /** What this node sends at most. */
  readonly bytesPerSecond: number
}

/** How to reach the MQTT broker, with MqLayer MQTT. */
export interface MqttSettings {
  /** Tried in turn; at least one. */
  readonly brokerUrls: readonly string[]
  readonly qos: 0 | 1 | 2
  /** Template with {{HOSTNAME}} and {{PROCESS_NAME}}; one with {{INCARNATION}} is taken as it stands. */
  readonly clientId: string
  /** Template with {{TABLE_NAME}}. */
  readonly queueNamePattern: string
  readonly username: string | null
  readonly password: string | null
  readonly tls: MqttTls
}

/** How the broker proves itself, and this process to it; texts in PEM, null: the item is not set. */
export interface MqttTls {
  /** False: whoever answers is taken for the broker. */
  readonly verify: boolean
  readonly ca: string | null
  readonly certificate: string | null
  readonly key: string | null
}

/** What the definition means for one node: checked, complete, ready to use. */
export interface Settings {
  readonly layer: 'ZeroMQ' | 'MQTT'
  /** The system in force; null without `systems` or without a definition. */
  readonly system: string | null
  /** `TidingsClusterName`, else the name of the system, else the empty text: nodes and processes of another one stay apart. */
  readonly clusterName: string
  readonly mode: NodeMode
  readonly link: NodeLink
  /** All hosts of the system in force, this one among them; one for a definition without hosts. */
  readonly nodes: readonly NodeSettings[]
  /** `TidingsHostsQuery`: the name of DNS whose addresses are the hosts, which come and go; null: they are `nodes`. */
  readonly hostsQuery: string | null
  /** `TidingsBeaconPort`: UDP port of the beacons of ZRE; 0: none are sent or heard. */
  readonly beaconPort: number
  /** This node. */
  readonly node: NodeSettings
  readonly services: readonly ServicePort[]
  /** `TidingsProcessPorts`: the process ports that GENESIS_CLUSTER hands out, both ends included. */
  readonly processPorts: PortRange
  /** `ZeroMQConnectToLocalhostViaLoopback`. */
  readonly connectViaLoopback: boolean
  /** `ZeroMQProxyUnicastRelayIntervalMs`; 0: at once. */
  readonly relayIntervalMs: number
  /** Present with `TidingsHttpPort` only: where GENESIS_CLUSTER answers probes and Prometheus. */
  readonly http?: PortAt
  /** Present with TidingsKeyFile only: then nobody without a key is let in. */
  readonly keys?: KeySettings
  /** Present with the link multicast only. */
  readonly multicast?: MulticastSettings
  /** Present with layer MQTT only. */
  readonly mqtt?: MqttSettings
}

/** Other nodes are there, or may come. */
export const hasOthers = ({ nodes, hostsQuery }: Pick<Settings, 'nodes' | 'hostsQuery'>): boolean =>
  nodes.length > 1 || hostsQuery !== null
