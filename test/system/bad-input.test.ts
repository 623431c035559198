import { expect, it } from 'vitest'
import { XPublisher, XSubscriber } from 'zeromq'
import { randomId, seededRandom } from '../../src/base/random.ts'
import { encodeRequest } from '../../src/wire/frames/request-codec.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Application } from '../harness/application.ts'
import { eventually } from '../harness/eventually.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { BadFrames } from './bad-frames.ts'
import { expectAllOf, sum } from './judgement.ts'

/** Bad frames of each test, half of them down to subscribers and half up to publishers. */
const badFrames = 50_000

/** Bad frames between two good ones: well below what a connection holds before it drops. */
const between = 200

/** Real messages that are damaged. */
const captured = 200

const seed = 20_260_701

endProcessesAfterEach()

/** What the processes of a cluster send each other, as an outsider at the outbound port gets it. */
async function capture(outbound: string): Promise<Buffer[]> {
  const socket = new XSubscriber({ linger: 0 })
  socket.connect(outbound)
  for (const prefix of ['table/', 'status/']) await socket.send(`\x01${prefix}`)
  const messages: Buffer[] = []
  for await (const [message = Buffer.alloc(0)] of socket) {
    messages.push(message)
    if (messages.length === captured) break
  }
  socket.close()
  return messages
}

/** Requests as subscribers send them. */
function realRequests(incarnation: string): Buffer[] {
  const subscriber = randomId()
  return [
    encodeRequest({
      kind: 'sync',
      subscriber,
      nonce: 1,
      sinceMs: 0,
      tables: '*',
      marks: '*',
      incarnations: null,
    }),
    encodeRequest({
      kind: 'replay',
      subscriber,
      nonce: 2,
      incarnation,
      table: 'TRADE',
      from: 1,
      to: 100,
    }),
    encodeRequest({
      kind: 'confirm',
      subscriber,
      incarnation,
      streams: [{ table: 'TRADE', last: 7 }],
    }),
  ].map((frame) => Buffer.from(frame))
}

async function refusedBy(application: Application): Promise<number> {
  const { refused } = await application.stats()
  return Object.values(refused).reduce((total, count) => total + count, 0)
}

/** Sends bad messages down through the inbound port; a good foreign one in between shows that all before it have come. */
async function sendDown(cluster: TestCluster, bad: BadFrames, subscriber: Application) {
  const socket = new XPublisher({ linger: 0, sendHighWaterMark: 0 })
  socket.connect(`tcp://${cluster.node().host}:${cluster.ports.inbound}`)
  await socket.receive()
  for (let sent = 0, good = 0; sent < badFrames / 2; sent += between) {
    for (let index = 0; index < between; index += 1) await socket.send(bad.message())
    good += 1
    await socket.send(['update/AUDIT/', JSON.stringify({ kind: 'insert', record: { good } })])
    await eventually(`foreign update ${good} has come`, async () => {
      const { foreign } = await subscriber.report()
      return foreign.filter(({ table }) => table === 'AUDIT').length >= good
    })
  }
  socket.close()
}

/** Sends bad requests up; they are counted where they arrive. */
async function sendUp(endpoint: string, bad: BadFrames, publisher: Application): Promise<void> {
  const socket = new XSubscriber({ linger: 0, sendHighWaterMark: 0 })
  socket.connect(endpoint)
  const before = await refusedBy(publisher)
  for (let sent = 0; sent < badFrames / 2; sent += between) {
    for (let index = 0; index < between; index += 1) await socket.send(bad.request())
    const all = `${before} + ${sent + between} requests are refused`
    await eventually(all, async () => (await refusedBy(publisher)) >= before + sent + between)
  }
  socket.close()
}

/** Good frames in between, whole and in order. */
function expectForeign(foreign: readonly { readonly record: object }[]): void {
  const expected = foreign.map((_, index) => ({ good: index + 1 }))
  expect(foreign.map(({ record }) => record)).toEqual(expected)
}

for (const shape of ['mesh', 'proxy'] as const) {
  it(`${shape}: bad frames are refused and counted, and what is good between them arrives whole`, async () => {
    const cluster = await TestCluster.start(shape)
    const { host } = cluster.node()
    const publisher = await cluster.open('PUBLISHER')
    const subscriber = await cluster.open('SUBSCRIBER')
    await subscriber.subscribe('*')
    await publisher.load()
    const port = shape === 'mesh' ? publisher.zeromqPort : cluster.ports.outbound
    const endpoint = `tcp://${host}:${port}`
    const messages = await capture(endpoint)
    const requests = realRequests(publisher.incarnation)
    const bad = new BadFrames(seededRandom(seed), messages, requests)

    await sendDown(cluster, bad, subscriber)
    // Those that the socket refuses are told once a second.
    await eventually('all are counted', async () => (await refusedBy(subscriber)) >= badFrames / 2)
    expect(await refusedBy(subscriber)).toBe(badFrames / 2)
    await sendUp(endpoint, bad, publisher)

    const published = await publisher.stop()
    const report = await subscriber.receives({ updates: sum(published) })
    expectAllOf(report, 'PUBLISHER', published)
    expectForeign(report.foreign)
    expect(cluster.node().child.hasEnded).toBe(false)
    // Everything still works: a newcomer is ready.
    const newcomer = await cluster.open('NEWCOMER')
    await newcomer.subscribe('*')
  })
}

it('strangers at the ports that only nodes use do not end GENESIS_CLUSTER', async () => {
  const cluster = await TestCluster.start('proxy')
  const { host } = cluster.node()
  const publisher = await cluster.open('PUBLISHER')
  const subscriber = await cluster.open('SUBSCRIBER')
  await subscriber.subscribe('*')
  // Who publishes nothing hears no requests.
  await publisher.publish(1)
  const exporting = [0, 1].map(() => new XPublisher({ linger: 0 }))
  for (const socket of exporting) socket.connect(`tcp://${host}:${cluster.ports.export}`)
  const relayed = new XSubscriber({ linger: 0, sendHighWaterMark: 0 })
  relayed.connect(`tcp://${host}:${cluster.ports.relay}`)
  await relayed.send('\x01table/')
  await Promise.all(exporting.map((socket) => socket.receive()))
  // Longer than what libzmq keeps inside a message, so that copies share one buffer.
  for (let request = 0; request < between; request += 1) await relayed.send(Buffer.alloc(100, 2))
  await eventually('the publisher has refused them', async () => {
    return (await refusedBy(publisher)) >= between
  })
  for (const socket of [...exporting, relayed]) socket.close()
  await publisher.publish(1_000)
  const published = await publisher.published()
  expectAllOf(await subscriber.receives({ updates: 1_001 }), 'PUBLISHER', published)
  expect(cluster.node().child.hasEnded).toBe(false)
})
