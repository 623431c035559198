// What a real GENESIS_CLUSTER answers to probes and to Prometheus.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually } from '../harness/eventually.ts'
import { freePorts, nodeAddresses } from '../harness/loopback.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

const hasPrometheus = available('figures of GENESIS_CLUSTER, judged by promtool', 'prometheus')

endProcessesAfterEach()

/** A cluster that answers by HTTP: at the address of each node, and one port. */
async function reserve(shape: 'mesh' | 'proxy+multicast' | 'mesh+relay', nodes: number) {
  const [port = 0] = await freePorts(nodeAddresses(1)[0] ?? '', 1)
  const cluster = await TestCluster.reserve(shape, nodes, { items: { TidingsHttpPort: port } })
  const ask = async (path: string, node = 0) => {
    const answer = await fetch(`http://${cluster.node(node).host}:${port}${path}`)
    return {
      status: answer.status,
      type: answer.headers.get('content-type'),
      text: await answer.text(),
    }
  }
  /** What one figure is; null: it is not there. */
  const figure = async (name: string, node = 0): Promise<number | null> => {
    const { text } = await ask('/metrics', node)
    const line = text.split('\n').find((each) => each.startsWith(`${name} `))
    return line === undefined ? null : Number(line.slice(name.length + 1))
  }
  const statusOf = async (path: string): Promise<number | null> => {
    try {
      return (await ask(path)).status
    } catch {
      return null
    }
  }
  return { cluster, port, ask, figure, statusOf }
}

it('lives before processes may come, is ready when it says so, and answers nothing when it has ended', async () => {
  const { cluster, ask, statusOf } = await reserve('mesh', 1)
  const { host } = cluster.node()
  const fifo = join(scratchDirectory(), 'fifo')
  execFileSync('mkfifo', [fifo])
  const child = cluster.node().launch({
    NODE_OPTIONS: `--import ${join(import.meta.dirname, 'processes', 'full-pool.ts')}`,
    FULL_POOL_FIFO: fifo,
  })
  await eventually('it answers', async () => (await statusOf('/healthz')) === 200)
  const starting = { type: 'application/json', text: `{"node":"${host}","state":"starting"}\n` }
  expect(await ask('/healthz')).toEqual({ status: 200, ...starting })
  expect(await ask('/readyz')).toEqual({ status: 503, ...starting })
  const { text } = await ask('/metrics')
  expect(text).toContain(`\ntidings_cluster_ready{node="${host}"} 0\n`)
  expect(text).not.toContain('tidings_cluster_processes')
  expect(child.log).not.toMatch(/\bready: /)
  await writeFile(fifo, '')
  await child.says(/\bready: /)
  const ready = { type: 'application/json', text: `{"node":"${host}","state":"ready"}\n` }
  expect(await ask('/healthz')).toEqual({ status: 200, ...ready })
  expect(await ask('/readyz')).toEqual({ status: 200, ...ready })
  expect(await ask('/metrics')).toMatchObject({
    type: 'text/plain; version=0.0.4; charset=utf-8',
    text: expect.stringContaining(`\ntidings_cluster_ready{node="${host}"} 1\n`) as string,
  })
  expect((await cluster.node().end('SIGTERM')).code).toBe(0)
  expect(await statusOf('/healthz')).toBe(null)
})

it('processes of the node are counted, and one that is refused, too', async () => {
  const { cluster, figure } = await reserve('mesh', 1)
  const node = cluster.node().host
  await cluster.node().start()
  const healthy = `tidings_cluster_processes{node="${node}",status="HEALTHY"}`
  expect(await figure(healthy)).toBe(0)
  const keeper = await cluster.open('KEEPER')
  await eventually('it is counted', async () => (await figure(healthy)) === 1)
  await expect(cluster.open('KEEPER')).rejects.toThrow('NAME_TAKEN')
  expect(
    await figure(`tidings_cluster_refused_registrations_total{node="${node}"}`),
  ).toBeGreaterThan(0)
  await keeper.child.end('SIGKILL')
  const down = `tidings_cluster_processes{node="${node}",status="DOWN"}`
  await eventually('it has ended', async () => (await figure(down)) === 1)
  expect(await figure(healthy)).toBe(0)
})

it.each(['mesh+relay', 'proxy+multicast'] as const)(
  '%s: a node that is killed shows in the figures of the others, which stay ready',
  async (shape) => {
    const { cluster, ask, figure } = await reserve(shape, 2)
    const node = cluster.node().host
    const alive = `tidings_cluster_nodes{node="${node}",state="alive"}`
    const connected = `tidings_cluster_links{node="${node}",state="connected"}`
    await Promise.all(cluster.nodes.map((each) => each.start()))
    await eventually('the link to stand', async () => (await figure(connected)) === 1)
    expect(await figure(alive)).toBe(1)
    if (hasPrometheus) {
      const { text } = await ask('/metrics')
      expect(
        execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' }),
      ).toBe('')
    }
    await cluster.node(1).end('SIGKILL')
    await eventually('the node is missed', async () => (await figure(alive)) === 0)
    await eventually('the link does not stand', async () => (await figure(connected)) === 0)
    expect((await ask('/readyz')).status).toBe(200)
  },
)

it('a port that is taken ends it with 4, and it says by whom and what to do', async () => {
  const { cluster, port } = await reserve('mesh', 1)
  const { host } = cluster.node()
  const server = createServer().listen(port, host)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const child = cluster.node().launch()
  expect((await child.ended).code).toBe(4)
  expect(child.log).toMatch(
    `port ${port} (TidingsHttpPort of GENESIS_CLUSTER) at ${host} is taken by node (pid ${process.pid}): end what has it`,
  )
  expect(child.log).toMatch('[PORT_TAKEN]')
  const { output, code } = await cluster.run(['doctor'])
  expect(code).not.toBe(0)
  expect(output).toContain(`port ${port} (TidingsHttpPort) at ${host} is held by node`)
})

it('a value that is no port is refused with its place', async () => {
  const items = { TidingsHttpPort: 'http://localhost' }
  const cluster = await TestCluster.reserve('mesh', 1, { items })
  const child = cluster.node().launch()
  expect((await child.ended).code).toBe(2)
  const line = readFileSync(cluster.definition, 'utf8')
    .split('\n')
    .findIndex((each) => each.includes('TidingsHttpPort'))
  expect(child.log).toContain(
    `${cluster.definition}:${line + 1}:48: TidingsHttpPort is "http://localhost": expected a port from 1 to 65535`,
  )
})

it('without the item no port is bound, and check names where it answers with it', async () => {
  const { cluster, port } = await reserve('mesh', 1)
  const { output } = await cluster.run(['check'])
  expect(output).toContain(
    `It answers /healthz, /readyz and /metrics at http://${cluster.node().host}:${port}.`,
  )
  const without = await TestCluster.reserve('mesh', 1)
  expect((await without.run(['check'])).output).not.toContain('/healthz')
})
