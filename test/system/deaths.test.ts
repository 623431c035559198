import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Application } from '../harness/application.ts'
import type { Published } from '../harness/application-message.ts'
import { eventually } from '../harness/eventually.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { expectAllOf, expectNothingWrong, sum } from './judgement.ts'

endProcessesAfterEach()

/** A publisher under load and a subscriber that has begun to receive it. */
async function loaded(cluster: TestCluster) {
  const publisher = await cluster.open('PUBLISHER')
  const subscriber = await cluster.open('SUBSCRIBER')
  await subscriber.subscribe(['TRADE', 'POSITION'])
  await publisher.load()
  await subscriber.receives({ updates: 1_000 })
  return { publisher, subscriber }
}

/** Ends the load; the subscriber has all of it, once and in order. */
async function expectWhole(publisher: Application, subscriber: Application): Promise<void> {
  const published = await publisher.stop()
  const report = await subscriber.receives({ process: 'PUBLISHER', updates: sum(published) })
  expectAllOf(report, 'PUBLISHER', published)
}

/** From what was published at some time on, to the last update. */
async function expectAllSince(subscriber: Application, since: Published, published: Published) {
  const tables = ['TRADE', 'POSITION'] as const
  const streams = async () => (await subscriber.report()).streams
  await eventually('the last updates are here', async () => {
    const here = await streams()
    return tables.every((table) =>
      here.some((stream) => stream.table === table && stream.last === published[table]),
    )
  })
  const report = await subscriber.report()
  expectNothingWrong(report)
  expect(report.losses).toEqual([])
  for (const { table, first } of report.streams)
    expect(first).toBeLessThanOrEqual(since[table as keyof Published] + 1)
}

/** `mon` shows these processes as healthy. */
async function expectRegistered(cluster: TestCluster, names: readonly string[]): Promise<void> {
  await eventually(`mon shows ${names.join(', ')}`, async () => {
    const { nodes } = await cluster.snapshot()
    const healthy = (nodes[0]?.processes ?? []).filter(({ status }) => status === 'HEALTHY')
    return names.every((name) => healthy.some((process) => process.name === name))
  })
}

for (const shape of ['mesh', 'proxy'] as const) {
  it(`${shape}: what a killed publisher took along is reported as an open loss`, async () => {
    const cluster = await TestCluster.start(shape)
    const { publisher, subscriber } = await loaded(cluster)
    await publisher.child.end('SIGKILL')
    const openLosses = async () =>
      (await subscriber.report()).losses.filter(
        ({ to, reason }) => to === null && reason === 'gone',
      )
    const told = async () => (await openLosses()).length === 2
    await eventually('a loss with an open end for each table', told)
    const report = await subscriber.report()
    expectNothingWrong(report)
    const expected = report.streams.map(({ table, last }) => [table, last + 1])
    const losses = report.losses.map(({ table, from }) => [table, from])
    expect(Object.fromEntries(losses)).toEqual(Object.fromEntries(expected))
    // The name is free again, and a new life is a new stream.
    const next = await cluster.open('PUBLISHER')
    await next.publish(100)
    const received = sum(await next.published())
    const all = await subscriber.receives({ updates: report.received + received })
    expectNothingWrong(all)
    expect(all.losses).toEqual(report.losses)
  })
}

it('mesh: nothing inside the node is lost while GENESIS_CLUSTER is killed and comes back', async () => {
  const cluster = await TestCluster.start('mesh')
  const { publisher, subscriber } = await loaded(cluster)
  await cluster.node().end('SIGKILL')
  const { received } = await subscriber.report()
  await subscriber.receives({ updates: received + 5_000 })
  expect((await subscriber.report()).losses).toEqual([])
  await cluster.node().start()
  await expectRegistered(cluster, ['PUBLISHER', 'SUBSCRIBER'])
  await expectWhole(publisher, subscriber)
  const { events } = await subscriber.report()
  const cut = events.filter((event) => event.type === 'disconnected' && event.to === 'PUBLISHER')
  expect(cut).toEqual([])
})

it('proxy: the gap of a killed GENESIS_CLUSTER is closed when it is back', async () => {
  const cluster = await TestCluster.start('proxy')
  const { publisher, subscriber } = await loaded(cluster)
  const late = await cluster.open('LATE')
  await cluster.node().end('SIGKILL')
  await late.subscribe(['TRADE', 'POSITION'], { atOnce: true })
  const whileAway = sum(await publisher.published())
  // Told every 5 s while it is not ready: nobody can have confirmed it yet.
  const isWaiting = async () => (await late.report()).events.some(({ type }) => type === 'waiting')
  await eventually('the late subscriber says whom it waits for', isWaiting)
  expect((await late.report()).isReady).toBe(false)
  await cluster.node().start()
  await expectRegistered(cluster, ['PUBLISHER', 'SUBSCRIBER', 'LATE'])
  await eventually('the late subscriber is ready', async () => (await late.report()).isReady)
  const atReady = await publisher.published()
  expect(sum(atReady)).toBeGreaterThan(whileAway)
  await expectWhole(publisher, subscriber)
  await expectAllSince(late, atReady, await publisher.published())
})

for (const shape of ['mesh', 'proxy'] as const) {
  it(`${shape}: nobody is ready before a publisher that the last run knew has answered`, async () => {
    const cluster = await TestCluster.start(shape)
    const publisher = await cluster.open('PUBLISHER', { publishes: ['TRADE'] })
    await expectRegistered(cluster, ['PUBLISHER'])
    publisher.child.signal('SIGSTOP')
    await cluster.node().end('SIGKILL')
    await cluster.node().start()
    const subscriber = await cluster.open('SUBSCRIBER')
    await subscriber.subscribe(['TRADE', 'POSITION'], { atOnce: true })
    const isWaiting = async () =>
      (await subscriber.report()).events.some(({ type }) => type === 'waiting')
    await eventually('the subscriber says whom it waits for', isWaiting)
    expect((await subscriber.report()).isReady).toBe(false)
    publisher.child.signal('SIGCONT')
    await eventually('the subscriber is ready', async () => (await subscriber.report()).isReady)
    await publisher.publish(1_000)
    const published = await publisher.published()
    expectAllOf(await subscriber.receives({ updates: 1_000 }), 'PUBLISHER', published)
  })
}
