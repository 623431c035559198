import { systemClock } from '../../../base/clock.ts'
import { packageMissing } from '../../../base/package-missing.ts'
import type { Transport } from '../../transport.ts'
import type { BrokerCheck, BrokerCheckOptions } from '../check/broker-check.ts'
import type { RosterWatch, RosterWatchOptions } from '../figures/roster-watch.ts'
import type { MqttTransportOptions } from '../transport-options.ts'

/** What the operator and the caller chose. */
export type MqttChoice = Omit<MqttTransportOptions, 'connect' | 'clock' | 'random'>

/**
 * Loads MQTT.js only here, when its layer is chosen: who uses another one need not have it.
 * @throws TidingsError PACKAGE_MISSING
 */
export async function loadMqttTransport(choice: MqttChoice): Promise<Transport> {
  const { connect } = await loadMqttClient('MqLayer MQTT')
  const { MqttTransport } = await import('../mqtt-transport.ts')
  return new MqttTransport({ ...choice, connect, clock: systemClock, random: Math.random })
}

export type WatchChoice = Omit<RosterWatchOptions, 'connect' | 'clock' | 'random'>

/**
 * The same for who only watches the cluster.
 * @throws TidingsError PACKAGE_MISSING
 */
export async function loadRosterWatch(choice: WatchChoice): Promise<RosterWatch> {
  const { connect } = await loadMqttClient('MqLayer MQTT')
  const { RosterWatch } = await import('../figures/roster-watch.ts')
  return new RosterWatch({ ...choice, connect, clock: systemClock, random: Math.random })
}

/**
 * The same for who tries what a broker does.
 * @throws TidingsError PACKAGE_MISSING
 */
export async function loadBrokerCheck(
  choice: Omit<BrokerCheckOptions, 'connect'>,
): Promise<BrokerCheck> {
  const { connect } = await loadMqttClient('MqLayer MQTT')
  const { BrokerCheck } = await import('../check/broker-check.ts')
  return new BrokerCheck({ ...choice, connect })
}

/** @throws TidingsError PACKAGE_MISSING */
export function loadMqttClient(neededBy: string): Promise<typeof import('mqtt')> {
  const wanted = { neededBy, name: 'mqtt', install: 'mqtt@5' }
  return import('mqtt').catch(packageMissing(wanted))
}
