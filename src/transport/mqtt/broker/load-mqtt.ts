import { systemClock } from '../../../base/clock.ts'
import { packageMissing } from '../../../base/package-missing.ts'
import type { Transport } from '../../transport.ts'
import type { MqttTransportOptions } from '../transport-options.ts'
import type { ConnectToBroker } from './broker-client.ts'

/** What the operator and the caller chose; all of it can be written down. */
export type MqttChoice = Omit<MqttTransportOptions, 'connect' | 'clock' | 'random'>

/**
 * Loads MQTT.js only here, when its layer is chosen: who uses another one need not have it.
 * @throws TidingsError PACKAGE_MISSING
 */
export async function loadMqttTransport(choice: MqttChoice): Promise<Transport> {
  const connect = await loadClient()
  const { MqttTransport } = await import('../mqtt-transport.ts')
  return new MqttTransport({ ...choice, connect, clock: systemClock, random: Math.random })
}

async function loadClient(): Promise<ConnectToBroker> {
  const wanted = { neededBy: 'MqLayer MQTT', name: 'mqtt', install: 'mqtt@5' }
  const { connect } = await import('mqtt').catch(packageMissing(wanted))
  return connect
}
