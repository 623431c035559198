// `tidings doctor` looks at keys: each way in which they do not fit is provoked, and then what the doctor says is done
// until it is content.
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type KeyPair, newKeyPair } from '../../src/model/key-pair.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Application } from '../harness/application.ts'
import { Child } from '../harness/child.ts'
import { writeDefinition } from '../harness/definition-file.ts'
import { eventually } from '../harness/eventually.ts'
import { writeKeyFile } from '../harness/key-file.ts'
import { here } from '../harness/place.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { command, TestCluster, TestNode } from '../harness/test-cluster.ts'

endProcessesAfterEach()

const [ours, theirs] = [newKeyPair(), newKeyPair()]

/** What the doctor says on the first node, by this definition. */
async function doctor(cluster: TestCluster, definition = cluster.definition) {
  const { host, state } = cluster.node()
  const child = new Child({
    name: 'tidings doctor',
    arguments: [command, 'doctor', '--definition', definition, '--host', host],
    env: { TIDINGS_STATE: state },
    ipc: false,
    keepsOutput: true,
  })
  const { code } = await child.ended
  return { code, output: child.output, log: child.log }
}

/** Asks until it says so; gives the exit code. */
const says = (cluster: TestCluster, what: RegExp) =>
  eventually(`the doctor to say ${what}`, async () => {
    const { code, output } = await doctor(cluster)
    return what.test(output) ? { code } : null
  })

const contentOf = (cluster: TestCluster) =>
  eventually('the doctor to be content', async () => {
    const { code, output } = await doctor(cluster)
    return code === 0 && /✓ {2}keys: \d nodes have the same keys\n/.test(output)
  })

/** The definition of the same hosts with other keys, or none. */
function definitionWith(cluster: TestCluster, keys: readonly KeyPair[] | null) {
  const folder = scratchDirectory()
  const keyFile = join(folder, 'tidings.key')
  if (keys) writeKeyFile(keyFile, keys)
  const hosts = cluster.nodes.map(({ host }) => host)
  const items = keys ? { TidingsKeyFile: keyFile } : {}
  return { file: writeDefinition(folder, cluster.shape, hosts, cluster.ports, items), keyFile }
}

it('the doctor has no key, or another one than GENESIS_CLUSTER', async () => {
  const cluster = await TestCluster.start('mesh', 1, { keys: [ours] })
  for (const [keys, what, remedy] of [
    [null, 'demands a key, and this process has none', 'give it the definition of that one, with'],
    [[theirs], 'has another key, none of our TidingsKeyFile fits', 'compare the public keys that'],
  ] as const) {
    const { file } = definitionWith(cluster, keys)
    const { code, output } = await doctor(cluster, file)
    expect(code).toBe(1)
    expect(output).toContain(
      `✗  cluster: GENESIS_CLUSTER of this node, at ${cluster.node().host}:${cluster.ports.registry}, ${what}\n   → ${remedy}`,
    )
    expect(output).toContain('–  ports here: not looked at, GENESIS_CLUSTER has them\n')
  }
  await contentOf(cluster)
})

it('the key file may be read by others', async () => {
  const cluster = await TestCluster.start('mesh', 1, { keys: [ours] })
  chmodSync(cluster.keyFile, 0o644)
  const { code, log } = await doctor(cluster)
  expect(code).toBe(2)
  expect(log).toContain('its mode is 644, so that others have access to it: `chmod 600` it')
  chmodSync(cluster.keyFile, 0o600)
  await contentOf(cluster)
})

it.each([
  ['another key', [theirs], 'has another key, none of our TidingsKeyFile fits'],
  ['no key', null, 'has no key, and this process demands one'],
] as const)('another node has %s', async (_, keys, what) => {
  const cluster = await TestCluster.reserve('mesh+relay', 2, { keys: [ours] })
  await cluster.node(0).start()
  const { host, state } = cluster.node(1)
  const wrong = new TestNode(host, definitionWith(cluster, keys).file, state, command, here)
  await wrong.start()
  const escaped = `${host} (at ${host}) ${what}`.replaceAll(/[.()]/g, String.raw`\$&`)
  const { code } = await says(
    cluster,
    new RegExp(
      `✗ {2}keys: GENESIS_CLUSTER of this node is not let in: the node ${escaped}\n {3}→ `,
    ),
  )
  expect(code).toBe(1)
  await wrong.end('SIGTERM')
  await cluster.node(1).start()
  await contentOf(cluster)
})

it.each([
  ['another key', [theirs], /✗ {2}keys: \S+ turned away connections at .*another key than this/],
  ['no key', null, /[✗!] {2}keys: \S+ turned away connections at \S+:\d+ from .* no key/],
] as const)('a process has %s', async (_, keys, what) => {
  const cluster = await TestCluster.start('mesh', 1, { keys: [ours] })
  const { file } = definitionWith(cluster, keys)
  const { host } = cluster.node()
  const stray = new Application('STRAY')
  const waits = { process: 'STRAY', definition: file, host, clusterTimeoutMs: 60_000 }
  const opening = stray.open(waits).catch(() => undefined)
  await says(cluster, what)
  await stray.child.end('SIGKILL')
  await opening
  await cluster.open('STRAY')
  await contentOf(cluster)
})

it('a change of keys is half done, and then done step by step', async () => {
  const cluster = await TestCluster.reserve('mesh+relay', 2, { keys: [ours] })
  await cluster.node(0).start()
  const there = definitionWith(cluster, [ours])
  const { host, state } = cluster.node(1)
  const other = new TestNode(host, there.file, state, command, here)
  await other.start()
  await contentOf(cluster)

  const files = [cluster.keyFile, there.keyFile]
  writeKeyFile(cluster.keyFile, [ours, theirs])
  const lacks = `the key ${theirs.public} is in the key file of ${cluster.node().host}, and not of ${host}: `
  const { code } = await eventually('the doctor to miss the new key', async () => {
    const asked = await doctor(cluster)
    return asked.output.includes(`✗  keys: ${lacks}`) ? asked : null
  })
  expect(code).toBe(1)
  writeKeyFile(there.keyFile, [ours, theirs])
  await contentOf(cluster)

  for (const file of files) writeKeyFile(file, [theirs, ours])
  for (const node of [cluster.node().host, host])
    await eventually(`${node} is to be started again`, async () => {
      const { output } = await doctor(cluster)
      return output.includes(
        `!  keys: the ports of ${node} have the key ${ours.public}, and its key file begins with ${theirs.public}\n`,
      )
    })
  for (const node of [cluster.node(0), other]) {
    await node.end('SIGTERM')
    await node.start()
  }
  await contentOf(cluster)
})

it('another node does not take its key file as it is now', async () => {
  const cluster = await TestCluster.reserve('mesh+relay', 2, { keys: [ours] })
  await cluster.node(0).start()
  const there = definitionWith(cluster, [ours])
  const { host, state } = cluster.node(1)
  await new TestNode(host, there.file, state, command, here).start()
  await contentOf(cluster)
  chmodSync(there.keyFile, 0o640)
  const { code } = await says(
    cluster,
    /✗ {2}keys: \S+ does not take its key file as it is now, and goes on with the keys that it had: \S+: its mode is 640/,
  )
  expect(code).toBe(1)
  chmodSync(there.keyFile, 0o600)
  await contentOf(cluster)
})
