import { describe, expect, it } from 'vitest'
import { endProcessesAfterEach } from '../../harness/after-each.ts'
import { Mosquitto } from '../../harness/mosquitto.ts'
import { available } from '../../harness/tools.ts'
import { definitionFor, openProcess } from './broker-definition.ts'

endProcessesAfterEach()

/** Enough that the broker is ended in the midst of them, on however fast a machine. */
const updates = 30_000

describe.runIf(available('processes over Mosquitto', 'mosquitto'))('over a real broker', () => {
  it('two processes publish and subscribe: ready, in order, confirmed, and the end is no loss', async () => {
    const definition = definitionFor([await Mosquitto.start()])
    const one = await openProcess('ONE', definition)
    const two = await openProcess('TWO', definition)
    await Promise.all([one.subscribe(['TRADE', 'POSITION']), two.subscribe('*')])
    const { missing } = await one.publish(updates)
    expect(missing).toBe(0)
    await two.publish(100)
    await one.close()
    const report = await two.receives({ updates: updates + 100 })
    expect(report.losses).toEqual([])
    for (const stream of report.streams)
      expect(stream).toMatchObject({ duplicates: 0, outOfOrder: 0, wrong: 0, missing: 0 })
  })

  it.each([0, 1, 2])(
    'a broker that is killed and forgets all loses nothing at QoS %i',
    async (qos) => {
      const broker = await Mosquitto.start({ lines: ['max_queued_messages 100'] })
      const definition = definitionFor([broker], { MqttQos: qos })
      const publisher = await openProcess('PUBLISHER', definition)
      const subscriber = await openProcess('SUBSCRIBER', definition)
      await subscriber.subscribe(['TRADE', 'POSITION'])
      const published = publisher.publish(updates, { turnEvery: 20 })
      await subscriber.receives({ updates: updates / 10 })
      await broker.end('SIGKILL')
      await broker.start()
      expect(await published).toEqual({ missing: 0 })
      const report = await subscriber.receives({ updates })
      expect(report.losses).toEqual([])
      expect(report.torn).toBe(0)
      for (const stream of report.streams)
        expect(stream).toMatchObject({ duplicates: 0, outOfOrder: 0, wrong: 0, missing: 0 })
      const types = report.events.map(({ type }) => type)
      expect(types).toContain('cluster-lost')
      expect(types).toContain('cluster-found')
    },
  )

  it('a publisher that is killed is told as an open loss', async () => {
    const definition = definitionFor([await Mosquitto.start()])
    const publisher = await openProcess('PUBLISHER', definition)
    const subscriber = await openProcess('SUBSCRIBER', definition)
    await subscriber.subscribe('TRADE')
    await publisher.publish(100)
    await subscriber.receives({ updates: 1 })
    await publisher.child.end('SIGKILL')
    const told = async () => (await subscriber.report()).losses.length > 0
    await expect.poll(told).toBe(true)
    const { losses } = await subscriber.report()
    expect(losses).toMatchObject([{ table: 'TRADE', to: null }])
  })

  it('a second process of one name is refused, and a later one is not', async () => {
    const definition = definitionFor([await Mosquitto.start()])
    const first = await openProcess('NAMED', definition)
    await expect(openProcess('NAMED', definition)).rejects.toMatchObject({ code: 'NAME_TAKEN' })
    await first.child.end('SIGKILL')
    await openProcess('NAMED', definition)
  })
})
