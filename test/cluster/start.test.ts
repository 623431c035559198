import { createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { RunningCluster, nodesAt, settingsOf, stateDirectory, stopAll } from './running-cluster.ts'

afterEach(stopAll)

test('a second start on the same ports names the port, its purpose and its owner', async () => {
  const nodes = await nodesAt('127.0.0.1')
  const first = await RunningCluster.start(settingsOf(nodes))
  const second = new RunningCluster(settingsOf(nodes))
  const failure = await second.report('failed')
  await second.exited()
  expect(failure.code).toBe('PORT_TAKEN')
  expect(failure.message).toContain(String(nodes[0]!.ports.outbound))
  expect(failure.message).toContain('ZeroMQProxyOutboundPort')
  if (process.platform === 'linux') expect(failure.message).toContain(`pid ${first.pid}`)
})

test.each(['inbound', 'outbound', 'cluster', 'registry', 'relay', 'export'] as const)(
  'a taken %s port is named, and nothing is left open',
  async (name) => {
    const nodes = await nodesAt('127.0.0.1')
    const port = nodes[0]!.ports[name]
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    const cluster = new RunningCluster(settingsOf(nodes))
    const failure = await cluster.report('failed')
    expect(failure.code).toBe('PORT_TAKEN')
    expect(failure.message).toContain(`port ${port} `)
    await cluster.exited()
    await new Promise((resolve) => server.close(resolve))
  },
)

test('it closes, and the ports are free at once: ten in a row', async () => {
  const nodes = await nodesAt('127.0.0.1', '127.0.0.2')
  const state = stateDirectory()
  const other = await RunningCluster.start(settingsOf(nodes, 1))
  for (let round = 0; round < 10; round += 1) {
    const cluster = await RunningCluster.start(settingsOf(nodes, 0), { state })
    await cluster.linkedTo(other.settings.node.name)
    await cluster.close()
  }
})

test('a pool that is too small is said, not waited for', async () => {
  const nodes = await nodesAt('127.0.0.1')
  const cluster = new RunningCluster(settingsOf(nodes), { threads: 2 })
  const failure = await cluster.report('failed')
  expect(failure.code).toBe('THREAD_POOL_TOO_SMALL')
  expect(failure.message).toContain('UV_THREADPOOL_SIZE')
  expect(failure.message).toContain('tidings cluster')
  await cluster.exited()
})

test('a link beyond the pool is refused with its number', async () => {
  const nodes = await nodesAt('127.0.0.1', '127.0.0.2', '127.0.0.3')
  const others = [1, 2].map((place) => RunningCluster.start(settingsOf(nodes, place)))
  await Promise.all(others)
  const cluster = await RunningCluster.start(settingsOf(nodes), { threads: 6 })
  const refused = await cluster.event(
    'a refused link',
    (event) => event.type === 'link' && event.state === 'refused',
  )
  expect(refused.message).toContain('it would be link 2')
  const opened = cluster
    .events()
    .filter((event) => event.type === 'link' && event.state === 'opened')
  expect(opened).toHaveLength(1)
})

test('the process port of the service definitions is taken, else a free one', async () => {
  const nodes = await nodesAt('127.0.0.1')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const service = { process: 'GENESIS_CLUSTER', host: 'localhost', port: port - 10_000 }
  const refused = new RunningCluster(settingsOf(nodes, 0, { services: [service] }))
  const failure = await refused.report('failed')
  expect(failure.message).toContain(`port ${port} (the ZeroMQ port of GENESIS_CLUSTER)`)
  await new Promise((resolve) => server.close(resolve))
  const cluster = await RunningCluster.start(settingsOf(nodes, 0, { services: [service] }))
  expect((await cluster.report('started')).ports.zeromqPort).toBe(port)
})
