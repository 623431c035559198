import type { IConnackPacket } from 'mqtt'
import type { ProtocolVersion } from './broker-client.ts'
import { mqttLimits } from './mqtt-limits.ts'
import type { Qos } from './packet-queue.ts'

/** What a packet may have at most: the length in its header has 28 bits. */
const mostPacketBytes = 2 ** 28

/** What the broker has said of itself when it took the connection. */
export class BrokerWords {
  static readonly none = new BrokerWords(5, mqttLimits.inFlight, mqttLimits.packetBytes, 2)
  readonly version: ProtocolVersion
  /** Messages of QoS 1 and 2 that may be unacknowledged. */
  readonly unacknowledged: number
  /** Of a packet at most. */
  readonly packetBytes: number
  /** The highest that it serves. */
  readonly qos: Qos

  private constructor(
    version: ProtocolVersion,
    unacknowledged: number,
    packetBytes: number,
    qos: Qos,
  ) {
    this.version = version
    this.unacknowledged = unacknowledged
    this.packetBytes = packetBytes
    this.qos = qos
  }

  /** Brokers of 3.1.1 say nothing; those of 5 only what is not as the protocol has it. */
  static of(said: IConnackPacket['properties'], version: ProtocolVersion): BrokerWords {
    if (version === 4) return new BrokerWords(4, mqttLimits.inFlight, mqttLimits.packetBytes, 2)
    const { receiveMaximum, maximumPacketSize, maximumQoS } = said ?? {}
    const most = Math.min(maximumPacketSize ?? mostPacketBytes, mostPacketBytes)
    return new BrokerWords(5, receiveMaximum ?? mqttLimits.inFlightMost, most, qosOf(maximumQoS))
  }
}

const qosOf = (said: number | undefined): Qos => (said === 0 || said === 1 ? said : 2)
