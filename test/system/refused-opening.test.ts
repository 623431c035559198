// An error of `openUpdateQueue()` leaves nothing open: the process that met it ends by itself.
import net from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { OpenOptions } from '../../src/queue/options.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'
import { freeClusterPorts, writeDefinition } from '../harness/definition-file.ts'
import { patienceMs } from '../harness/eventually.ts'
import { freePorts } from '../harness/loopback.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { TestCluster } from '../harness/test-cluster.ts'

const opener = join(import.meta.dirname, 'processes', 'opener.ts')

/** A process that something holds never ends. */
const endsWithinMs = patienceMs

const servers: net.Server[] = []
afterEach(() => servers.splice(0).forEach((server) => server.close()))
endProcessesAfterEach()

/** What a process of its own says of this opening before it ends by itself. */
async function outcome(options: Partial<OpenOptions>, abortAfterMs?: number): Promise<string> {
  const child = new Child({
    name: 'opener',
    arguments: [opener, JSON.stringify({ options, abortAfterMs })],
    ipc: false,
    keepsOutput: true,
  })
  const late = new Promise<'late'>((resolve) =>
    AbortSignal.timeout(endsWithinMs).addEventListener('abort', () => resolve('late')),
  )
  const ending = await Promise.race([child.ended, late])
  if (ending === 'late') throw new Error(`the process does not end; it said ${child.output}`)
  expect(ending, child.log).toEqual({ code: 0, signal: null })
  return child.output.trim()
}

it.each(['mesh', 'proxy'] as const)(
  'in %s, a process that is refused ends by itself, whatever the reason',
  async (shape) => {
    const cluster = await TestCluster.start(shape)
    const { host } = cluster.node()
    const { definition } = cluster
    await cluster.open('TWIN')
    const here = { process: 'A', definition, host }
    expect(await outcome({ ...here, process: 'TWIN' })).toBe('NAME_TAKEN')
    expect(await outcome({ ...here, process: 'two words' })).toBe('USAGE')
    expect(await outcome({ ...here, definition: 'missing.kts' })).toBe('DEFINITION_INVALID')
    const otherMode = writeDefinition(
      scratchDirectory(),
      shape === 'mesh' ? 'proxy' : 'mesh',
      [host],
      cluster.ports,
    )
    expect(await outcome({ ...here, definition: otherMode })).toBe('MODE_MISMATCH')
    expect(await outcome(here)).toBe('opened')
  },
)

it('a process whose port is taken ends by itself, though it has the roster by then', async () => {
  const cluster = await TestCluster.start('mesh')
  const { host } = cluster.node()
  const [zeromqPort = 0] = await freePorts(host, 1)
  servers.push(net.createServer().listen(zeromqPort, host))
  await once(servers[0] as net.Server, 'listening')
  const { definition } = cluster
  const taken = { process: 'A', definition, host, port: zeromqPort - 10_000 }
  expect(await outcome(taken)).toBe('PORT_TAKEN')
})

it('a process that finds no GENESIS_CLUSTER, or stops to look for it, ends by itself', async () => {
  const host = '127.0.0.1'
  const ports = await freeClusterPorts(host)
  const definition = writeDefinition(scratchDirectory(), 'mesh', [host], ports)
  const here = { process: 'A', definition, host }
  expect(await outcome({ ...here, clusterTimeoutMs: 300 })).toBe('CLUSTER_UNREACHABLE')
  expect(await outcome(here, 300)).toBe('ABORTED')
})
