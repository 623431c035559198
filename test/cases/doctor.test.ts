// `tidings doctor`: each thing that keeps a cluster from working is named with what to do, and what it says is done
// here until it is content.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { examinedTopics } from '../../src/doctor/finding.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { writeDefinition } from '../harness/definition-file.ts'
import { eventually } from '../harness/eventually.ts'
import { Network } from '../harness/network.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

/** What the doctor says on a node: its lines, and how it ends. */
async function asked(cluster: TestCluster, words: readonly string[] = [], node = 0) {
  const { code, output, log } = await cluster.run(['doctor', ...words], '', node)
  return { code, lines: output.split('\n'), output, verdict: log.trim() }
}

const healthy = { code: 0, verdict: 'no problems' }

it('GENESIS_CLUSTER does not run', async () => {
  const cluster = await TestCluster.reserve('mesh', 1)
  const before = await asked(cluster)
  expect(before.code).toBe(3)
  expect(before.output).toMatch(
    /✗ {2}cluster: GENESIS_CLUSTER of this node does not answer at 127\.\S+:\d+\n {3}→ start it on this node: tidings cluster\n/,
  )
  await cluster.node().start()
  expect(await asked(cluster)).toMatchObject(healthy)
})

it('a port is held by another program', async () => {
  const cluster = await TestCluster.reserve('mesh', 1)
  const { host } = cluster.node()
  const server = createServer().listen(cluster.ports.outbound, host)
  await once(server, 'listening')
  const { code, output } = await asked(cluster)
  server.close()
  await once(server, 'close')
  expect(code).toBe(3)
  expect(output).toContain(
    `port ${cluster.ports.outbound} (ZeroMQProxyOutboundPort) at ${host} is held by `,
  )
  expect(output).toContain(
    `(pid ${process.pid})\n   → end it, or give ZeroMQProxyOutboundPort another port`,
  )
  expect((await asked(cluster)).output).toContain(`ports here: the ports `)
})

it('GENESIS_CLUSTER runs with another definition', async () => {
  const cluster = await TestCluster.reserve('mesh', 1)
  await cluster.node().start()
  const other = writeDefinition(scratchDirectory(), 'proxy', [cluster.node().host], cluster.ports)
  const { code, output } = await asked(cluster, ['--definition', other])
  expect(code).toBe(1)
  expect(output).toContain(
    'runs with another definition: its mode is mesh; by this one the node is',
  )
})

it('another node does not run', async () => {
  const cluster = await TestCluster.reserve('mesh+relay', 2)
  await cluster.node(0).start()
  const { code, output } = await asked(cluster)
  const other = cluster.node(1).host
  expect(code).toBe(1)
  expect(output).toContain(`✗  nodes: the node ${other} (at ${other}) has never been heard\n`)
  for (const port of [cluster.ports.cluster, cluster.ports.relay])
    expect(output).toContain(
      `✗  ports there: ${other}:${port} of the node ${other} refuses the connection: nobody listens there\n` +
        `   → start GENESIS_CLUSTER on ${other}, with the same definition: tidings cluster\n`,
    )
  await cluster.node(1).start()
  await eventually('the nodes hear each other', async () => (await asked(cluster)).code === 0)
})

it('the port of another node belongs to something else', async () => {
  const cluster = await TestCluster.reserve('mesh+relay', 2)
  await cluster.node(0).start()
  const web = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  web.listen(cluster.ports.relay, cluster.node(1).host)
  await once(web, 'listening')
  const { output } = await asked(cluster)
  web.close()
  await once(web, 'close')
  expect(output).toContain(
    `:${cluster.ports.relay} of the node ${cluster.node(1).host} is answered by something that is not ZeroMQ\n`,
  )
})

it.runIf(available('two machines', 'network', 'nft'))(
  'a firewall drops what comes from one node to the other',
  async () => {
    const network = new Network(2)
    const [one, two] = [network.machine(0), network.machine(1)]
    network.cut(one, two)
    const cluster = await TestCluster.start('mesh+relay', 2, { machines: network.machines })
    const { code, output } = await asked(cluster)
    expect(code).toBe(1)
    expect(output).toContain(
      `✗  ports there: ${two.address}:${cluster.ports.relay} of the node ${two.name} does not answer within 1000 ms\n` +
        `   → open TCP ${cluster.ports.relay} between the hosts in their firewalls, or start the host\n`,
    )
    for (const machine of network.machines) machine.heal()
    await eventually('the nodes hear each other', async () => (await asked(cluster)).code === 0)
  },
)

it.runIf(available('two machines', 'network'))(
  'names: one resolves to nothing, the own one to loopback',
  async () => {
    const network = new Network(2)
    const [one, two] = [network.machine(0), network.machine(1)]
    const cluster = await TestCluster.reserve('mesh+relay', 2, { machines: network.machines })
    one.hosts([`127.0.1.1 ${one.name}`])
    const unknown = await asked(cluster)
    expect(unknown.output).toContain(`✗  names: the host "${two.name}" has no address here: `)
    one.hosts([`127.0.1.1 ${one.name}`, `${two.address} ${two.name}`])
    const own = await asked(cluster)
    expect(own.output).toContain(
      `✗  names: this node's name "${one.name}" resolves to 127.0.1.1 here, which no other host reaches\n`,
    )
    one.hosts([`${one.address} ${one.name}`, `${two.address} ${two.name}`])
    expect((await asked(cluster)).output).toContain(
      '✓  names: the names of all 2 hosts have addresses\n',
    )
  },
)

it('says the same as JSON', async () => {
  const cluster = await TestCluster.start('mesh', 1)
  const { code, output } = await cluster.run(['doctor', '--json'])
  expect(code).toBe(0)
  const { examined } = JSON.parse(output) as { examined: { topic: string; findings: unknown[] }[] }
  expect(examined.map(({ topic }) => topic)).toEqual(examinedTopics)
  expect(examined.flatMap(({ findings }) => findings)).toEqual([])
})
