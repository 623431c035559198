import type { connect, IClientOptions } from 'mqtt'
import { clientUrl } from './broker-url.ts'
import { mqttLimits } from './mqtt-limits.ts'

/** `connect()` of MQTT.js, which is loaded only where the layer is chosen. */
export type ConnectToBroker = typeof connect

/** 4 is 3.1.1. */
export type ProtocolVersion = 4 | 5

/** What the broker publishes, retained, when the connection ends without a word. */
export interface Will {
  readonly topic: string
  readonly payload: Buffer
  readonly expiryMs: number
}

/** How a broker behind TLS proves itself, and we to it; texts in PEM, null: none of our own. */
export interface BrokerTls {
  /** False: any certificate of the broker is taken. */
  readonly verify: boolean
  readonly ca: string | null
  readonly certificate: string | null
  readonly key: string | null
}

export interface ClientChoice {
  readonly clientId: string
  readonly username: string | null
  readonly password: string | null
  readonly tls: BrokerTls
  /** null: nobody is told when the connection ends. */
  readonly will: Will | null
}

/**
 * The options of one connection: a client of MQTT.js for each, and no session, so that nothing of an earlier connection is
 * sent again. What was lost is repaired by numbers. No receive maximum of ours: MQTT.js ends the connection where a broker
 * goes beyond it at QoS 2, and Mosquitto 2.0.11 does.
 */
export function clientOptions(choice: ClientChoice, version: ProtocolVersion): IClientOptions {
  const { clientId, username, password, tls, will } = choice
  const isFive = version === 5
  return {
    clientId,
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    clean: true,
    protocolVersion: version,
    keepalive: mqttLimits.keepaliveMs / 1000,
    reconnectPeriod: 0,
    connectTimeout: mqttLimits.connectTimeoutMs,
    resubscribe: false,
    queueQoSZero: false,
    rejectUnauthorized: tls.verify,
    ...(tls.ca !== null && { ca: tls.ca }),
    ...(tls.certificate !== null && { cert: tls.certificate }),
    ...(tls.key !== null && { key: tls.key }),
    ...(isFive && { properties: { sessionExpiryInterval: 0 } }),
    ...(will && { will: willOptions(will, isFive) }),
  }
}

const willOptions = (
  { topic, payload, expiryMs }: Will,
  isFive: boolean,
): NonNullable<IClientOptions['will']> => ({
  topic,
  payload,
  qos: 1,
  retain: true,
  ...(isFive && {
    properties: { willDelayInterval: 0, messageExpiryInterval: expiryMs / 1000 },
  }),
})

export const startClient = (
  start: ConnectToBroker,
  url: string,
  choice: ClientChoice,
  version: ProtocolVersion,
): ReturnType<ConnectToBroker> => start(clientUrl(url), clientOptions(choice, version))
