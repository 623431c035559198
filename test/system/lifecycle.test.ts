import { expect, it } from 'vitest'
import { openUpdateQueue } from '../../src/index.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { ApplicationError } from '../harness/application.ts'
import { Application } from '../harness/application.ts'
import { Child } from '../harness/child.ts'
import { writeDefinition } from '../harness/definition-file.ts'
import { command, TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  it(`${signal} ends GENESIS_CLUSTER with 0, whoever is connected`, async () => {
    const cluster = await TestCluster.start('mesh+relay', 2)
    await Promise.all([cluster.open('A'), cluster.open('B', {}, 1)])
    expect(await cluster.node().end(signal)).toEqual({ code: 0, signal: null })
    expect(cluster.node().child.log).toMatch(/ stopped$/m)
  })
}

it('started by a user, without threads to spare, it starts itself again and ends as well', async () => {
  const { definition, nodes } = await TestCluster.reserve('proxy')
  const [node] = nodes
  const child = new Child({
    name: 'cluster',
    arguments: [command, 'cluster', '--definition', definition, '--host', node?.host ?? ''],
    env: { TIDINGS_STATE: `${definition}.state` },
    ipc: false,
  })
  await child.says(/^ready/m)
  expect(await child.end('SIGTERM')).toEqual({ code: 0, signal: null })
})

it('a second GENESIS_CLUSTER on the same ports ends with 4 and names the port and its owner', async () => {
  const cluster = await TestCluster.start('mesh')
  const first = cluster.node().child
  const second = cluster.node().launch()
  expect(await second.ended).toEqual({ code: 4, signal: null })
  const { ports } = cluster
  expect(Object.values(ports).some((port) => second.log.includes(`port ${port} `))).toBe(true)
  expect(second.log).toContain('PORT_TAKEN')
  if (process.platform === 'linux') expect(second.log).toContain(String(first.pid))
  expect(first.hasEnded).toBe(false)
})

/** What opening a queue in a process of its own is refused with. */
function refusal(opening: Promise<unknown>): Promise<ApplicationError> {
  return opening.then(
    () => Promise.reject(new Error('the queue was opened')),
    (error: ApplicationError) => error,
  )
}

it('the second of two live processes of one name is refused, and told of the option instance', async () => {
  const cluster = await TestCluster.start('proxy')
  const first = await cluster.open('TWIN')
  const error = await refusal(cluster.open('TWIN'))
  expect(error.code).toBe('NAME_TAKEN')
  expect(error.message).toContain('instance')
  expect(error.message).toContain(String(first.child.pid))
  await cluster.open('TWIN', { instance: '2' })
  // When the first has died its name is free.
  await first.child.end('SIGKILL')
  await cluster.open('TWIN')
})

it('a process in another mode than its node is refused, and both modes are named', async () => {
  const cluster = await TestCluster.start('mesh')
  const { host } = cluster.node()
  const other = writeDefinition(`${cluster.definition}/..`, 'proxy', [host], cluster.ports)
  const error = await refusal(new Application('A').open({ process: 'A', definition: other, host }))
  expect(error.code).toBe('MODE_MISMATCH')
  expect(error.message).toContain('mesh')
  expect(error.message).toContain('proxy')
})

it('without GENESIS_CLUSTER the library says so in one sentence', async () => {
  const { definition, nodes, ports } = await TestCluster.reserve('mesh', 1)
  const host = nodes[0]?.host ?? ''
  const opening = openUpdateQueue({ process: 'A', definition, host, clusterTimeoutMs: 300 })
  const error = await opening.then(
    () => null,
    (reason: unknown) => reason as { code: string; category: string; message: string },
  )
  expect(error).toMatchObject({ code: 'CLUSTER_UNREACHABLE', category: 'retryable' })
  expect(error?.message).toContain(`${host}:${ports.registry}`)
  expect(error?.message.split('\n')).toHaveLength(1)
})
