import type { OpenOptions } from '../../../src/queue/options.ts'
import { Application } from '../../harness/application.ts'
import type { Mosquitto } from '../../harness/mosquitto.ts'

/** What a definition says to have the updates carried by brokers of a test. */
export const definitionFor = (brokers: readonly Pick<Mosquitto, 'url'>[], items: object = {}) => ({
  global: { MqLayer: 'MQTT', MqttBrokerUrl: brokers.map(({ url }) => url).join(','), ...items },
})

/** Starts an application process whose queue goes through the broker of that definition. */
export async function openProcess(
  name: string,
  definition: NonNullable<OpenOptions['definition']>,
): Promise<Application> {
  const application = new Application(name)
  await application.open({ process: name, definition })
  return application
}
