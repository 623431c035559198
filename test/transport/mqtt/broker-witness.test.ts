// `tidings cluster` where the processes meet at a broker: one process more, which stays when the last of the others dies.
import { connect, connectAsync } from 'mqtt'
import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/base/clock.ts'
import { randomId } from '../../../src/base/random.ts'
import { newRegistration } from '../../../src/model/new-registration.ts'
import { BrokerChoice } from '../../../src/transport/mqtt/broker/broker-choice.ts'
import { BrokerConnection } from '../../../src/transport/mqtt/broker/broker-connection.ts'
import { BrokerTopics } from '../../../src/transport/mqtt/naming/broker-topics.ts'
import { PresenceBook } from '../../../src/transport/mqtt/presence/presence-book.ts'
import { presenceLimits } from '../../../src/transport/mqtt/presence/presence-limits.ts'
import { encodePresence, entryOf } from '../../../src/transport/mqtt/presence/presence-record.ts'
import { Witness } from '../../../src/transport/mqtt/presence/witness.ts'
import { endProcessesAfterEach } from '../../harness/after-each.ts'
import { eventually } from '../../harness/eventually.ts'
import { Mosquitto } from '../../harness/mosquitto.ts'
import { runCommand, startCommand } from '../../harness/run-command.ts'
import { available } from '../../harness/tools.ts'
import { definitionFileFor, definitionFor, openProcess } from './broker-definition.ts'
import { mqttOptions } from './mqtt-cluster.ts'

endProcessesAfterEach()

describe.runIf(available('tidings cluster at Mosquitto', 'mosquitto'))('tidings cluster', () => {
  it('Q2: is ready, tells who comes and goes, sees that the last process of its host has died, and ends', async () => {
    const broker = await Mosquitto.start()
    const definition = definitionFor([broker])
    const file = definitionFileFor([broker])
    const cluster = startCommand(['cluster', '--definition', file])
    const says = (text: string) => eventually(`the line ${text}`, () => cluster.log.includes(text))
    await says('ready: ')
    expect(cluster.log).toContain(` watches the processes of node ${hostname()}\n`)
    expect(cluster.log).toMatch(/^ready: .* takes what foreign programs publish at tcp:/m)
    const first = await openProcess('FIRST', definition)
    await says(`process FIRST registered: pid ${first.child.process.pid}`)
    await first.close()
    await says('process FIRST ended: it said so')
    const second = await openProcess('SECOND', definition)
    await second.child.end('SIGKILL')
    await says('process SECOND ended: nobody has its pid any more')
    const { output } = await runCommand(['mon', '--definition', file])
    expect(output).toMatch(/^GENESIS_CLUSTER +HEALTHY /m)
    expect(output).toContain(`${hostname()} alive`)
    const again = startCommand(['cluster', '--definition', file])
    await eventually('another one', () => again.log.includes(' stands by at '))
    expect(again.log).toContain(' another GENESIS_CLUSTER watches the processes of node ')
    await again.end('SIGTERM')
    cluster.signal('SIGTERM')
    expect(await cluster.ended).toMatchObject({ code: 0 })
    expect(cluster.log).toMatch(/\S+ stopped\n$/)
  })

  it('a broker that goes and comes back is told, and the end of who died meanwhile', async () => {
    const broker = await Mosquitto.start({ persists: true })
    const definition = definitionFor([broker])
    const cluster = startCommand(['cluster', '--definition', definitionFileFor([broker])])
    const says = (text: string) => eventually(`the line ${text}`, () => cluster.log.includes(text))
    await says('ready: ')
    const process = await openProcess('ALONE', definition)
    await says('process ALONE registered')
    await broker.end('SIGKILL')
    await says('the MQTT broker cannot be reached; going on')
    await process.child.end('SIGKILL')
    await broker.start()
    await says('the MQTT broker is back')
    await says('process ALONE ended: nobody has its pid any more')
    cluster.signal('SIGTERM')
    expect(await cluster.ended).toMatchObject({ code: 0 })
  })

  it('Q2: only it takes away what a broker without expiry would keep of the dead', async () => {
    const broker = await Mosquitto.start()
    const topics = new BrokerTopics('genesis/database/{{TABLE_NAME}}')
    const client = await connectAsync(broker.url.replace('tcp:', 'mqtt:'), { protocolVersion: 4 })
    const [ended, gone] = [randomId(), randomId()]
    const recordOf = (incarnation: string, state: 'alive' | 'ended') => {
      const name = { node: 'elsewhere', process: 'P', incarnation } as const
      const registration = newRegistration({ ...name, role: 'process', mode: 'mesh', state })
      return { entry: entryOf(registration), life: null, known: null, isGone: false }
    }
    const keep = (topic: string, payload: Buffer) =>
      client.publishAsync(topic, payload, { qos: 1, retain: true })
    await keep(topics.presence('ended', ended), encodePresence(recordOf(ended, 'ended')))
    await keep(topics.presence('roster', gone), encodePresence(recordOf(gone, 'alive')))
    await keep(topics.presence('gone', gone), Buffer.from('gone'))
    const deleted: string[] = []
    client.on('message', (topic, payload) => {
      if (payload.length === 0) deleted.push(topic)
    })
    await client.subscribeAsync(`${topics.root}/#`)
    const book = new PresenceBook()
    book.will(gone, false, 0)
    book.take(recordOf(gone, 'alive'), false, 0)
    book.take(recordOf(ended, 'ended'), false, 0)
    const connected = Promise.withResolvers<void>()
    const { clientId: _, ...options } = mqttOptions({ urls: [broker.url], protocolVersion: 4 })
    const connection = new BrokerConnection(
      {
        ...options,
        connect,
        clock: systemClock,
        brokers: new BrokerChoice(options.urls, 4),
        clientId: 'witness',
        will: null,
      },
      {
        message: () => {},
        room: () => null,
        connected: () => connected.resolve(),
        disconnected: () => {},
        refused: (error) => connected.reject(error),
      },
    )
    connection.connect()
    await connected.promise
    const own = { incarnation: randomId() }
    const { clearGoneMs, endedExpiryMs } = presenceLimits
    new Witness(connection, topics, book, { ...own, role: 'process' }).look(clearGoneMs, 0)
    const witness = new Witness(connection, topics, book, { ...own, role: 'cluster' })
    witness.look(endedExpiryMs - 1, 0)
    witness.look(endedExpiryMs, 0)
    await eventually('the end to be taken away', () => deleted.length > 0)
    expect(deleted).toEqual([topics.presence('ended', ended)])
    witness.look(clearGoneMs, 0)
    await eventually('the one that is gone', () => deleted.length === 3)
    expect(deleted.slice(1)).toEqual([
      topics.presence('roster', gone),
      topics.presence('gone', gone),
    ])
    await connection.close(0)
    await client.endAsync()
  })
})
