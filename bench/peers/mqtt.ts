import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { scratchDirectory } from '../../test/harness/scratch.ts'
import type { Trade } from '../rows.ts'
import { serverRequirement, startServer } from '../server.ts'
import type { Peer } from './peer.ts'
import { nothing } from './peer.ts'

const topicPrefix = 'update/TRADE/'

/** Its default drops QoS 0 messages from the 1,000th that waits for a client on. */
function writeConfiguration(port: number): string {
  const file = join(scratchDirectory(), 'mosquitto.conf')
  const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'max_queued_messages 0']
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

const url = (place: Readonly<Record<string, string>>): string => `mqtt://127.0.0.1:${place.port}`

export const mqtt: Peer = {
  name: 'mqtt',
  title: 'Mosquitto, MQTT.js QoS 0, JSON per update',
  rate: 115_000,
  requirement: () => serverRequirement('mosquitto', '-h', 'mqtt'),
  start: () => startServer('mosquitto', (port) => ['-c', writeConfiguration(port)]),
  publisher: async ({ index, place }) => {
    const client = await connectAsync(url(place))
    const topic = `${topicPrefix}${index}`
    return {
      publish: (record) => {
        client.publish(topic, JSON.stringify(record), { qos: 0 })
        return undefined
      },
      drain: nothing,
      connected: nothing,
      close: () => client.endAsync(),
    }
  },
  subscriber: async ({ place }, take) => {
    const client = await connectAsync(url(place))
    client.on('message', (topic, payload) => {
      take(Number(topic.slice(topicPrefix.length)), JSON.parse(payload.toString()) as Trade)
    })
    await client.subscribeAsync(`${topicPrefix}+`, { qos: 0 })
    return { close: () => client.endAsync() }
  },
}
