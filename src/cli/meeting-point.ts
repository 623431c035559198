import { requireSettings } from '../definition/require-settings.ts'
import { shownBroker } from '../transport/mqtt/broker/broker-url.ts'
import { definitionOptions, type SharedOptions } from './shared-options.ts'

/** What the processes of the definition need to find each other, as people are told. */
export async function meetingPoint(options: SharedOptions): Promise<string> {
  const { mqtt } = await requireSettings(definitionOptions(options))
  if (!mqtt) return 'GENESIS_CLUSTER'
  return `the MQTT broker at ${mqtt.brokerUrls.map(shownBroker).join(', ')}`
}
