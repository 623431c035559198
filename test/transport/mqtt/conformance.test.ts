import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { transportConformance } from '../../../src/testing/transport-conformance.ts'
import { endChildren } from '../../harness/child.ts'
import { Mosquitto } from '../../harness/mosquitto.ts'
import { available } from '../../harness/tools.ts'
import { mqttCluster } from './mqtt-cluster.ts'

let broker: Mosquitto | undefined
afterAll(endChildren)

describe.runIf(available('conformance over Mosquitto', 'mosquitto')).each([
  ['5', 0],
  ['5', 1],
  ['5', 2],
  ['3.1.1', 1],
] as const)('MqttTransport over Mosquitto, protocol %s, QoS %i', (protocol, qos) => {
  beforeAll(async () => {
    broker ??= await Mosquitto.start()
  })
  const makeCluster = async () =>
    mqttCluster({ urls: [broker?.url ?? ''], qos, protocolVersion: protocol === '5' ? 5 : 4 })
  it.each(transportConformance(`QoS ${qos}`, makeCluster))('$name', async (each) => {
    await expect(each.run()).resolves.toBeUndefined()
  })
})
