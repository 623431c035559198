import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Application } from '../harness/application.ts'
import type { Published } from '../harness/application-message.ts'
import { eventually } from '../harness/eventually.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { expectAllOf, expectNothingWrong, sum } from './judgement.ts'

endProcessesAfterEach()

/** Has everything of a publisher from its own beginning on, which is not after `atReady`. */
async function expectAllSinceReady(
  subscriber: Application,
  process: string,
  atReady: Published,
  published: Published,
): Promise<void> {
  const ofPublisher = async () =>
    (await subscriber.report()).streams.filter((stream) => stream.process === process)
  await eventually(`the last updates of ${process} are here`, async () =>
    (await ofPublisher()).every(({ table, last }) => last === published[table as keyof Published]),
  )
  const streams = await ofPublisher()
  expect(streams).toHaveLength(2)
  for (const { table, first } of streams)
    expect(first).toBeLessThanOrEqual(atReady[table as keyof Published] + 1)
}

for (const shape of ['mesh', 'proxy', 'mesh+relay', 'proxy+relay'] as const) {
  it(`${shape}: who subscribes while others publish has everything from ready on`, async () => {
    const cluster = await TestCluster.start(shape)
    const last = cluster.nodes.length - 1
    const publishers = await Promise.all([
      cluster.open('PUBLISHER_0'),
      cluster.open('PUBLISHER_1', {}, last),
    ])
    await Promise.all(publishers.map((publisher) => publisher.load()))
    const subscribers = await Promise.all(
      Array.from({ length: 3 }, (_, index) =>
        cluster.open(`LATE_${index}`, {}, index % cluster.nodes.length),
      ),
    )
    const atReady = await Promise.all(
      subscribers.map(async (subscriber) => {
        await subscriber.subscribe(['TRADE', 'POSITION'])
        return Promise.all(publishers.map((publisher) => publisher.published()))
      }),
    )
    await Promise.all(subscribers.map((each) => each.receives({ updates: 5_000 })))
    const published = await Promise.all(publishers.map((publisher) => publisher.stop()))
    for (const [index, subscriber] of subscribers.entries()) {
      for (const [place, each] of published.entries()) {
        const ready = atReady[index]?.[place] as Published
        await expectAllSinceReady(subscriber, `PUBLISHER_${place}`, ready, each)
      }
      const report = await subscriber.report()
      expectNothingWrong(report)
      expect(report.losses).toEqual([])
    }
  })
}

it('a slow handler with little room holds nobody up and gets everything', async () => {
  const cluster = await TestCluster.start('mesh')
  const publisher = await cluster.open('PUBLISHER')
  const slow = await cluster.open('SLOW')
  const fast = await cluster.open('FAST')
  await slow.subscribe('*', { limit: { updates: 500 }, handlerMs: 2 })
  await fast.subscribe('*')
  const flushed = publisher.publish(20_000, { turnEvery: 20 })
  expectAllOf(await fast.receives({ updates: 20_000 }), 'PUBLISHER', await publisher.published())
  expect((await slow.report()).received).toBeLessThan(20_000)
  const report = await slow.receives({ updates: 20_000 })
  expectAllOf(report, 'PUBLISHER', await publisher.published())
  expect(await flushed).toEqual({ missing: 0 })
})

/** Enough messages to fill all buffers on the way to a process that stands still, and less than is retained. */
const manyUpdates = 400_000
const updatesPerTurn = 100

for (const shape of ['mesh', 'proxy'] as const) {
  it(`${shape}: what was dropped while a subscriber stood still comes out of the retention`, async () => {
    const cluster = await TestCluster.start(shape)
    const publisher = await cluster.open('PUBLISHER')
    const frozen = await cluster.open('FROZEN')
    await frozen.subscribe('*')
    frozen.child.signal('SIGSTOP')
    const flushed = publisher.publish(manyUpdates, {
      turnEvery: updatesPerTurn,
      idleTurns: true,
      flushEvery: Infinity,
    })
    const isPublished = async () => sum(await publisher.published()) === manyUpdates
    await eventually('everything is published', isPublished)
    frozen.child.signal('SIGCONT')
    const report = await frozen.receives({ updates: manyUpdates })
    expectAllOf(report, 'PUBLISHER', await publisher.published())
    expect(report.events.map(({ type }) => type)).toContain('behind')
    expect(await flushed).toEqual({ missing: 0 })
  })
}
