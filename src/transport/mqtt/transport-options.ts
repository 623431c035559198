import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import type { Qos } from './broker/packet-queue.ts'
import type { ForeignReceiver } from './foreign/foreign-receiver.ts'
import type { BrokerTls, ConnectToBroker, ProtocolVersion } from './broker/broker-client.ts'

/** What the operator and the caller chose. */
export interface MqttTransportOptions {
  readonly node: string
  /** Of the brokers, tried in turn until one answers. At least one. */
  readonly urls: readonly string[]
  readonly qos: Qos
  /** Template with {{HOSTNAME}} and {{PROCESS_NAME}}; one with {{INCARNATION}} is taken as it stands, without an ending of our own. */
  readonly clientId: string
  /** Template with {{TABLE_NAME}}. */
  readonly queueNamePattern: string
  readonly username: string | null
  readonly password: string | null
  readonly tls: BrokerTls
  /** The name of the cluster; left out: any. */
  readonly cluster?: string | undefined
  /** How long `open()` waits for the broker. */
  readonly clusterTimeoutMs: number
  /** The process port that the application is told; null: none. Nobody connects to it. */
  readonly processPort: number | null
  /** Version of the protocol; left out: 5, or 3.1.1 (which is 4) where the broker knows no 5. */
  readonly protocolVersion?: ProtocolVersion | undefined
  /** Left out: what programs that are not ours publish is put aside, and told as refused where nobody takes it. */
  readonly foreign?: ForeignReceiver | undefined
  readonly connect: ConnectToBroker
  readonly clock: Clock
  readonly random: Random
}
