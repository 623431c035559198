import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { madeNode } from '../../test/harness/made-snapshots.ts'
import { loadSettings } from '../definition/load-settings.ts'
import type { Settings } from '../definition/settings.ts'
import type { ClusterSnapshot, ProcessSnapshot } from '../model/cluster-snapshot.ts'
import { descriptorLimit } from '../sockets/file-descriptors.ts'
import { examine } from './doctor.ts'
import { examineNodes } from './nodes.ts'
import { examineOpenFiles } from './open-files.ts'
import type { Ground } from './ground.ts'
import { greetingOf } from './greeting.ts'
import { examineStateFolder } from './state-folder.ts'
import { examineThreads } from './threads.ts'

const loopback = '127.0.0.1'

/** Settings of so many hosts that are linked by relay, the first of them this one. */
function settingsOf(hosts: number): Settings {
  const names = Array.from({ length: hosts }, (_, index) => `10.0.0.${index + 1}`)
  const { settings, errors } = loadSettings({
    definition: {
      global: {
        ZeroMQProxyInboundPort: 5561,
        ZeroMQProxyOutboundPort: 5560,
        ZeroMQProxyUnicastRelayEnabled: true,
      },
      systems: [{ name: 'S', hosts: names.map((name) => ({ name })) }],
    },
    host: names[0],
    env: {},
  })
  if (settings === null) throw new Error(JSON.stringify(errors))
  return settings
}

const oneProcess: ProcessSnapshot = {
  name: 'P',
  pid: 1,
  status: 'HEALTHY',
  processPort: null,
  zeromqPort: null,
  connections: { processes: 0, outbound: 1, inbound: 1, export: 0 },
  tables: [],
  rate: 0,
  version: null,
  health: null,
}

/** GENESIS_CLUSTER with so many processes. */
function groundWith(processes: number, settings = settingsOf(1)): Ground {
  const { node, system, mode, link } = settings
  const snapshot: ClusterSnapshot = {
    system,
    node: node.name,
    mode,
    link,
    nodes: [
      {
        name: node.name,
        address: loopback,
        state: 'alive',
        wire: null,
        link: null,
        refusal: null,
        clock: null,
        setup: null,
        processes: Array.from({ length: processes }, () => oneProcess),
        links: [],
        group: null,
        leftOut: null,
      },
    ],
  }
  const addresses = {
    bind: loopback,
    local: loopback,
    advertised: loopback,
    others: new Map(),
    allowed: [],
  }
  return { settings, names: new Map(), addresses, snapshot, refusal: null }
}

it('names a limit of open files that the processes of GENESIS_CLUSTER would exceed', async () => {
  const limit = descriptorLimit('self') ?? 0
  const server = createServer().listen(0, loopback)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const settings = settingsOf(1)
  const here = {
    ...settings,
    node: { ...settings.node, ports: { ...settings.node.ports, registry: port } },
  }
  const few = await examineOpenFiles(groundWith(3, here))
  const many = await examineOpenFiles(groundWith(Math.ceil(limit / 4), here))
  server.close()
  expect(few.findings).toEqual([])
  const told = many.findings.map(({ what, remedy }) => ({ what, remedy }))
  expect(told).toContainEqual({
    what: expect.stringContaining(
      `GENESIS_CLUSTER (pid ${process.pid}) may have ${limit} files open, and `,
    ) as string,
    remedy: expect.stringMatching(/^raise the limit: ulimit -n \d+, or LimitNOFILE=\d+ /) as string,
  })
})

it('names a node that is linked otherwise, and none that does not say how', () => {
  const ground = groundWith(0, settingsOf(3))
  const { snapshot } = ground
  if (!snapshot) throw new Error('there is no snapshot')
  const others = [madeNode('silent'), madeNode('other', { link: 'multicast' })]
  const { findings } = examineNodes({
    ...ground,
    snapshot: { ...snapshot, nodes: [...snapshot.nodes, ...others] },
  })
  expect(findings).toMatchObject([
    {
      what: 'the node other is linked by multicast, this node by relay: nothing that is published on one comes to the other',
      remedy: expect.stringContaining('ZeroMQProxyUnicastRelayEnabled') as string,
    },
  ])
})

it('counts threads for links, and says how many would be enough', () => {
  expect(examineThreads(groundWith(0, settingsOf(3)), {}).fine).toContain(
    '64 threads carry the 2 links',
  )
  const { findings } = examineThreads(groundWith(0, settingsOf(71)), {})
  expect(findings).toMatchObject([
    { severity: 'problem', remedy: expect.stringContaining('UV_THREADPOOL_SIZE=75') as string },
  ])
  expect(
    examineThreads(groundWith(0, settingsOf(71)), { UV_THREADPOOL_SIZE: '75' }).findings,
  ).toEqual([])
})

it('names a state folder that cannot be written, and makes none', () => {
  const { findings } = examineStateFolder('/proc/nowhere/state')
  expect(findings).toMatchObject([
    {
      what: expect.stringContaining(
        'the state folder /proc/nowhere/state cannot be written: ',
      ) as string,
      remedy: 'give TIDINGS_STATE a folder that GENESIS_CLUSTER may write',
    },
  ])
})

it('tells a port of ZeroMQ from others', async () => {
  const answers = [
    Buffer.from('HTTP/1.1 400\r\n\r\n'),
    Buffer.from('ff00000000000000017f03', 'hex'),
    Buffer.of(0xff),
  ]
  const server = createServer((socket) => {
    // Who has seen enough of an answer leaves, and may leave some of it unread.
    socket.on('error', () => {})
    const answer = answers.shift()
    if (answer) socket.write(answer)
  })
  server.listen(0, loopback)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const at = (ms: number) => greetingOf(loopback, port, ms)
  expect([await at(5_000), await at(5_000), await at(50), await at(50)]).toEqual([
    'something else',
    'zeromq',
    'something else',
    'something else',
  ])
  server.close()
  await once(server, 'close')
  expect(await at(5_000)).toBe('refused')
})

it('looks at everything, also where a look-up fails', async () => {
  const topics: string[] = []
  const lookUp = () => Promise.resolve({ addresses: [] as const, why: 'no such name' })
  const options = { settings: settingsOf(2), lookUp, snapshot: () => Promise.resolve(null) }
  for await (const { topic, findings } of examine(options))
    topics.push(`${topic} ${findings.length > 0 ? '✗' : '–'}`)
  expect(topics).toContain('names ✗')
  expect(topics).toContain('cluster ✗')
  expect(topics).toHaveLength(12)
})
