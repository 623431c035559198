import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchDirectory } from '../../harness/scratch.ts'
import type { OpenOptions } from '../../../src/queue/options.ts'
import { Application } from '../../harness/application.ts'
import type { Mosquitto } from '../../harness/mosquitto.ts'

/** What a definition says to have the updates carried by brokers of a test. */
export const definitionFor = (brokers: readonly Pick<Mosquitto, 'url'>[], items: object = {}) => ({
  global: { MqLayer: 'MQTT', MqttBrokerUrl: brokers.map(({ url }) => url).join(','), ...items },
})

/** The same, in a file for the command line. @returns its path */
export function definitionFileFor(
  brokers: readonly Pick<Mosquitto, 'url'>[],
  items: object = {},
  more: object = {},
): string {
  const file = join(scratchDirectory(), 'definition.json')
  writeFileSync(file, JSON.stringify({ ...definitionFor(brokers, items), ...more }))
  return file
}

/** Starts an application process whose queue goes through the broker of that definition. */
export async function openProcess(
  name: string,
  definition: NonNullable<OpenOptions['definition']>,
): Promise<Application> {
  const application = new Application(name)
  await application.open({ process: name, definition })
  return application
}
