import { expect, it } from 'vitest'
import { type KeyPair, newKeyPair } from '../../src/model/key-pair.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Application } from '../harness/application.ts'
import { eventually } from '../harness/eventually.ts'
import { tellsKeys, writeKeyFile } from '../harness/key-file.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { expectAllInTheEnd, expectAllOf, sum } from './judgement.ts'

endProcessesAfterEach()

/** Slow enough that retention holds what is published while a GENESIS_CLUSTER starts again. */
const load = { perSecond: 1_000 } as const

/** Writes the keys, and waits until everybody has told that they are read. */
async function change(
  cluster: TestCluster,
  applications: readonly Application[],
  keys: readonly KeyPair[],
): Promise<void> {
  writeKeyFile(cluster.keyFile, keys)
  for (const { child } of cluster.nodes)
    await child.until(`${child.name} has read the keys`, () => tellsKeys(child.log, keys))
  for (const application of applications)
    await eventually(`${application.child.name} has read the keys`, async () =>
      (await application.report()).events.some(
        (event) => event.type === 'keys' && tellsKeys(event.message, keys),
      ),
    )
}

async function restart(cluster: TestCluster, which: readonly number[]): Promise<void> {
  for (const node of which.map((each) => cluster.node(each))) {
    await node.end('SIGTERM')
    await node.start()
  }
}

it.each([
  { shape: 'proxy+multicast', when: 'all in time', inTime: [0, 1], last: [0, 1] },
  // It has the old key at its ports when that is taken out: the other one is connected by it, and has to find the new one.
  { shape: 'proxy+relay', when: 'one of them late', inTime: [1], last: [0] },
] as const)(
  'keys are changed under load between two nodes ($shape), which are started again $when: no update is lost, and nobody has to leave',
  async ({ shape, inTime, last }) => {
    const [before, after] = [newKeyPair(), newKeyPair()]
    const cluster = await TestCluster.start(shape, 2, { keys: [before] })
    const publishers = [await cluster.open('ONE', {}, 0), await cluster.open('TWO', {}, 1)]
    const subscribers = [await cluster.open('THREE', {}, 0), await cluster.open('FOUR', {}, 1)]
    const all = [...publishers, ...subscribers]
    for (const subscriber of subscribers) await subscriber.subscribe('*')
    for (const publisher of publishers) await publisher.load(load)

    await change(cluster, all, [before, after])
    await change(cluster, all, [after, before])
    await restart(cluster, inTime)
    await change(cluster, all, [after])
    // From here on all that is connected has been connected with the new key alone.
    await restart(cluster, last)
    const newcomer = await cluster.open('NEWCOMER', {}, 1)
    await newcomer.subscribe('*')

    for (const [place, name] of ['ONE', 'TWO'].entries()) {
      const publisher = publishers[place] as Application
      const published = await publisher.stop()
      for (const subscriber of subscribers)
        expectAllInTheEnd(
          await subscriber.receives({ process: name, updates: sum(published) }),
          name,
          published,
        )
    }
    for (const application of all) expect(application.child.hasEnded).toBe(false)
  },
)

it('in a mesh processes are started again one by one, and those with the old key and the new one meet', async () => {
  const [before, after] = [newKeyPair(), newKeyPair()]
  const cluster = await TestCluster.start('mesh', 1, { keys: [before] })
  const publishes = ['TRADE', 'POSITION']
  const publisher = await cluster.open('PUBLISHER', { publishes })
  const subscriber = await cluster.open('SUBSCRIBER')
  await subscriber.subscribe('*')
  await publisher.load(load)

  await change(cluster, [publisher, subscriber], [before, after])
  await change(cluster, [publisher, subscriber], [after, before])
  // Its port has the new key, that of the publisher the old one.
  const second = await cluster.open('SECOND', { publishes })
  await second.subscribe('*', { own: false })
  await second.publish(1_000)
  await restart(cluster, [0])
  // Who leaves before it is back has told nobody: it counts as one that does not come back.
  for (const name of ['PUBLISHER', 'SUBSCRIBER', 'SECOND'])
    await cluster.node().child.says(new RegExp(`process ${name} is back`))
  const published = await publisher.stop()
  const heard = await subscriber.receives({ process: 'PUBLISHER', updates: sum(published) })
  expectAllOf(heard, 'PUBLISHER', published)
  expectAllOf(
    await subscriber.receives({ process: 'SECOND', updates: 1_000 }),
    'SECOND',
    await second.published(),
  )
  expect((await second.report()).losses).toEqual([])
  await publisher.close()
  await subscriber.close()

  await change(cluster, [second], [after])
  const third = await cluster.open('THIRD')
  await third.subscribe('*')
  await second.publish(1_000)
  const { losses, received } = await third.receives({ updates: 1_000 })
  expect({ losses, received }).toEqual({ losses: [], received: 1_000 })
})

it('who is left with a key that was taken out is told, and lets its own in until it is started again', async () => {
  const [before, after] = [newKeyPair(), newKeyPair()]
  const cluster = await TestCluster.start('proxy', 1, { keys: [before] })
  writeKeyFile(cluster.keyFile, [after])
  const { child } = cluster.node()
  await child.says(
    /until this process is started again its ports have .*, which is in the file no more/,
  )
  await cluster.node().end('SIGTERM')
  await cluster.node().start()
  const process = await cluster.open('A')
  await process.publish(10)
})

it('a change that cannot be taken changes nothing, and is told by line and column', async () => {
  const [before, after] = [newKeyPair(), newKeyPair()]
  const cluster = await TestCluster.start('proxy', 1, { keys: [before] })
  writeKeyFile(cluster.keyFile, [before, { secret: before.secret, public: after.public }])
  await cluster
    .node()
    .child.says(
      /key file is not taken, the keys stay as they are: \S+tidings\.key:5:8: it is not the public key/,
    )
  writeKeyFile(cluster.keyFile, [before])
  const process = await cluster.open('A')
  await process.publish(10)
  expect(cluster.node().child.log).not.toContain(before.secret)
})
