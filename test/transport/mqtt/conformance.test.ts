import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../../src/demo/embedded-broker.ts'
import { transportConformance } from '../../../src/testing/transport-conformance.ts'
import { endChildren } from '../../harness/child.ts'
import { Mosquitto } from '../../harness/mosquitto.ts'
import { available } from '../../harness/tools.ts'
import { mqttCluster } from './mqtt-cluster.ts'

const versions = { '5': 5, '3.1.1': 4 } as const

interface Run {
  readonly over: 'Aedes' | 'Mosquitto'
  readonly protocol: keyof typeof versions
  readonly qos: 0 | 1 | 2
}

const overMosquitto: readonly Run[] = [
  { over: 'Mosquitto', protocol: '5', qos: 0 },
  { over: 'Mosquitto', protocol: '5', qos: 1 },
  { over: 'Mosquitto', protocol: '5', qos: 2 },
  { over: 'Mosquitto', protocol: '3.1.1', qos: 1 },
]

/** It speaks 3.1.1 alone. */
const overAedes = ([0, 1, 2] as const).map((qos): Run => ({
  over: 'Aedes',
  protocol: '3.1.1',
  qos,
}))

// What a machine without Mosquitto runs is tried on the others, too.
const runs: readonly Run[] = available('conformance over Mosquitto', 'mosquitto')
  ? [...overMosquitto, ...overAedes.slice(1, 2)]
  : overAedes
console.log(
  `conformance over MQTT: ${runs.map(({ over, qos }) => `${over} QoS ${qos}`).join(', ')}`,
)

const close: (() => Promise<void>)[] = []
afterAll(async () => {
  await endChildren()
  for (const each of close) await each()
})

async function start(over: Run['over']): Promise<string> {
  if (over === 'Mosquitto') return (await Mosquitto.start()).url
  const broker = await EmbeddedBroker.start('this test')
  close.push(() => broker.close())
  return broker.url
}

const urls = new Map<string, Promise<string>>()

describe.each(runs)('MqttTransport over $over, protocol $protocol, QoS $qos', (run) => {
  const { over, protocol, qos } = run
  let url = ''
  beforeAll(async () => {
    if (!urls.has(over)) urls.set(over, start(over))
    url = (await urls.get(over)) ?? ''
  })
  const makeCluster = async () =>
    mqttCluster({ urls: [url], qos, protocolVersion: versions[protocol] })
  it.each(transportConformance(`QoS ${qos}`, makeCluster))('$name', async (each) => {
    await expect(each.run()).resolves.toBeUndefined()
  })
})
