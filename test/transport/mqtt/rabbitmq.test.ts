import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { transportConformance } from '../../../src/testing/transport-conformance.ts'
import { endChildren } from '../../harness/child.ts'
import { RabbitMq } from '../../harness/rabbitmq.ts'
import { available } from '../../harness/tools.ts'
import { definitionFor, openProcess } from './broker-definition.ts'
import { mqttCluster, ownPattern } from './mqtt-cluster.ts'

describe.runIf(available('RabbitMQ', 'rabbitmq'))('over RabbitMQ', () => {
  let url = ''
  beforeAll(async () => {
    url = (await RabbitMq.start()).url
  })
  afterAll(endChildren)

  // It takes QoS 2 for 1.
  describe.each([
    { qos: 1, parts: ['data', 'roster'] },
    { qos: 2, parts: ['data'] },
  ] as const)('MqttTransport at QoS $qos', ({ qos, parts }) => {
    const makeCluster = async () => mqttCluster({ urls: [url], qos })
    it.each(transportConformance(`QoS ${qos}`, makeCluster, parts))('$name', async (each) => {
      await expect(each.run()).resolves.toBeUndefined()
    })
  })

  it('processes publish and subscribe; one that is killed is told, and one that has ended in good order', async () => {
    const definition = definitionFor([{ url }], { MqttQueueNamePattern: ownPattern() })
    const subscriber = await openProcess('SUBSCRIBER', definition)
    const publisher = await openProcess('PUBLISHER', definition)
    const killed = await openProcess('KILLED', definition)
    await subscriber.subscribe('*')
    expect(await publisher.publish(5_000)).toEqual({ missing: 0 })
    await killed.publish(100)
    await publisher.close()
    await killed.child.end('SIGKILL')
    const report = await subscriber.receives({ updates: 5_100 })
    for (const stream of report.streams)
      expect(stream).toMatchObject({ duplicates: 0, outOfOrder: 0, wrong: 0, missing: 0 })
    const losses = async () => (await subscriber.report()).losses
    await expect.poll(async () => (await losses()).length).toBeGreaterThan(0)
    const { incarnation } = killed
    for (const loss of await losses())
      expect(loss).toMatchObject({ publisher: { incarnation }, to: null })
  })
})
