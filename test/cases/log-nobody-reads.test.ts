// GENESIS_CLUSTER whose log goes to a pipe that stays open and is not read: a stuck collector, a paused terminal.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, it } from 'vitest'
import { queryCluster } from '../../src/transport/zeromq/connections/snapshot-query.ts'
import { registerNames } from '../cluster/many-registrations.ts'
import { closeTaps } from '../cluster/wire-tap.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually } from '../harness/eventually.ts'
import { TestCluster, command } from '../harness/test-cluster.ts'

/** A line for each of them is more than a pipe and what waits for it hold. */
const names = 6_000

let child: ChildProcess | null = null

afterEach(() => {
  closeTaps()
  child?.kill('SIGKILL')
})
endProcessesAfterEach()

it('a log that nobody reads holds nothing up, and SIGTERM ends GENESIS_CLUSTER all the same', async () => {
  const cluster = await TestCluster.reserve('mesh', 1)
  const { host, state } = cluster.node()
  const { registry } = cluster.ports
  const words = [command, 'cluster', '--definition', cluster.definition, '--host', host]
  child = spawn(process.execPath, words, {
    env: { ...process.env, TIDINGS_STATE: state, UV_THREADPOOL_SIZE: '64' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  const rows = async (): Promise<number> => {
    const { nodes } = await queryCluster(host, registry, 20_000)
    return nodes.reduce((sum, { processes }) => sum + processes.length, 0)
  }
  await eventually('the start', () => rows().catch(() => null))
  await registerNames(`tcp://${host}:${registry}`, host, names)
  await eventually('all names', async () => (await rows()) > names)
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})
