import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type KeyPair, newKeyPair } from '../../src/model/key-pair.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { ApplicationError } from '../harness/application.ts'
import { Child } from '../harness/child.ts'
import { writeDefinition } from '../harness/definition-file.ts'
import { eventually } from '../harness/eventually.ts'
import { writeKeyFile } from '../harness/key-file.ts'
import { asUser, here } from '../harness/place.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { command, TestCluster, TestNode } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const [ours, theirs] = [newKeyPair(), newKeyPair()]

/** The definition of a cluster with other keys, or none. */
function definitionWith(cluster: TestCluster, keys: readonly KeyPair[] | null): string {
  const folder = scratchDirectory()
  const file = join(folder, 'tidings.key')
  if (keys) writeKeyFile(file, keys)
  const hosts = cluster.nodes.map(({ host }) => host)
  return writeDefinition(
    folder,
    cluster.shape,
    hosts,
    cluster.ports,
    keys ? { TidingsKeyFile: file } : {},
  )
}

describe.each([
  ['no key', 'one with keys', null, [ours], /demands a key, and this process has none/],
  ['a key', 'one without', [ours], undefined, /has no key, and this process demands one/],
  ['another key', 'one with keys', [theirs], [ours], /has another key, none of our/],
  ['several other keys', 'one with keys', [theirs, newKeyPair()], [ours], /has another key/],
] as const)('who has %s and meets %s', (_, __, own, clusters, why) => {
  it('is told why by the queue, with address and remedy, and not that nobody is there', async () => {
    const cluster = await TestCluster.start('proxy', 1, clusters ? { keys: clusters } : {})
    const definition = definitionWith(cluster, own)
    const opening = cluster.open('A', { definition, clusterTimeoutMs: 2_000 })
    const error = await opening.catch((reason: unknown) => reason as ApplicationError)
    expect(error).toMatchObject({ code: 'ACCESS_DENIED' })
    const at = `${cluster.node().host}:${cluster.ports.registry} (registry)`
    expect((error as ApplicationError).message).toMatch(why)
    expect((error as ApplicationError).message).toContain(`GENESIS_CLUSTER at ${at}`)
    const { child } = cluster.node()
    await child.says(/connections at \S+ (?:were refused|finished no handshake)/)
    const { host } = cluster.node()
    const commands = [['mon'], ['publish', 'T', '{}'], ['tail']].map((words) => {
      const place = ['--definition', definition, '--host', host]
      return new Child({
        name: words.join(' '),
        arguments: [command, ...words, ...place],
        ipc: false,
      })
    })
    for (const child of commands) {
      const { code } = await child.ended
      expect([child.name, code]).toEqual([child.name, 2])
      expect(child.log).toMatch(why)
    }
  })
})

describe('two nodes', () => {
  async function nodesWith(one: readonly KeyPair[] | null, other: readonly KeyPair[] | null) {
    const cluster = await TestCluster.reserve('mesh+relay', 2)
    const definitions = [one, other].map((keys) => definitionWith(cluster, keys))
    const nodes = cluster.nodes.map(
      ({ host, state }, place) =>
        new TestNode(host, definitions[place] as string, state, command, here),
    )
    await Promise.all(nodes.map((node) => node.start()))
    return { cluster, nodes: nodes as [TestNode, TestNode], definitions }
  }

  it.each([
    ['other keys', [ours], [theirs], /has another key/, /has another key/],
    ['a key and none', [ours], null, /has no key, and/, /demands a key/],
  ] as const)(
    'with %s say so on both sides, once, and where',
    async (_, one, other, here, there) => {
      const { cluster, nodes } = await nodesWith(one, other)
      for (const [place, why] of [here, there].entries()) {
        const node = nodes[place] as TestNode
        const peer = nodes[1 - place] as TestNode
        const told = `warning: node ${peer.host} does not let this one in: tcp://${peer.host}:${cluster.ports.cluster}`
        await node.child.says(new RegExp(`${told} ${why.source}`))
        await node.child.says(/connections at \S+ (?:were refused|finished no handshake)/)
        expect(node.child.log.split(told)).toHaveLength(2)
      }
    },
  )

  it('are linked when the keys fit, without a start of the one whose key was right', async () => {
    const { nodes, definitions } = await nodesWith([ours], [theirs])
    const [right, wrong] = nodes
    await right.child.says(/does not let this one in: \S+ has another key/)
    const file = join(definitions[1] as string, '..', 'tidings.key')
    await wrong.end('SIGTERM')
    writeKeyFile(file, [ours])
    await wrong.start()
    await right.child.says(/link to \S+ connected/)
    await wrong.child.says(/link to \S+ connected/)
  })
})

it('a queue that is open is told when it is not let in any more, and goes on when it is again', async () => {
  const cluster = await TestCluster.start('proxy', 1, { keys: [ours] })
  const process = await cluster.open('A', { publishes: ['TRADE', 'POSITION'] })
  const node = cluster.node()
  await node.end('SIGTERM')
  const state = scratchDirectory()
  const other = new TestNode(node.host, definitionWith(cluster, [theirs]), state, command, here)
  await other.start()
  const events = async () => (await process.report()).events
  await eventually('it is told', async () =>
    (await events()).some(
      (event) => event.type === 'shut-out' && event.message.includes('another key'),
    ),
  )
  await other.end('SIGTERM')
  await node.start()
  await eventually('it is back', async () =>
    (await events()).some(({ type }) => type === 'cluster-found'),
  )
  const subscriber = await cluster.open('B')
  await subscriber.subscribe('*')
  await process.publish(1_000)
  await subscriber.receives({ updates: 1_000 })
})

it.runIf(available('another user of this host', 'setpriv'))(
  'another user of the host cannot read the key file, and comes in nowhere',
  async () => {
    const cluster = await TestCluster.start('mesh', 1, { keys: [ours] })
    const folder = join(cluster.definition, '..')
    chmodSync(folder, 0o755)
    for (const words of [
      ['tail'],
      ['publish', 'TRADE', '{"TRADE_ID":"T"}'],
      ['mon'],
      ['cluster'],
    ]) {
      const child = new Child({
        name: words.join(' '),
        arguments: [
          command,
          ...words,
          '--definition',
          cluster.definition,
          '--host',
          cluster.node().host,
        ],
        place: asUser(65_534),
        env: { TIDINGS_STATE: '/nonexistent' },
        ipc: false,
      })
      const { code } = await child.ended
      expect({ words, code }).toEqual({ words, code: 2 })
      expect(child.log).toMatch(
        /\.kts:\d+:\d+: TidingsKeyFile \S+ is not taken: this user may not read it/,
      )
    }
  },
)
