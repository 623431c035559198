// What a command writes goes to a pipe that stays open and is not read: a stuck collector, a paused terminal.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { afterEach, expect, it } from 'vitest'
import { queryCluster } from '../../src/transport/zeromq/connections/snapshot-query.ts'
import { registerMany } from '../cluster/many-registrations.ts'
import { closeTaps } from '../cluster/wire-tap.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually } from '../harness/eventually.ts'
import { TestCluster, command } from '../harness/test-cluster.ts'

/** Of these 2,000 are told within a minute, each in a line: more than a pipe and what waits for it hold. */
const names = 2_000
const longName = (id: number) => `PROCESS_${id}_${'X'.repeat(200)}`

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
  const at = `tcp://${host}:${registry}`
  await registerMany(at, host, names, (id) => ({ process: longName(id) }))
  await eventually('all names', async () => (await rows()) > names)
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})

it.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('%s ends tail whose output nobody reads, with %i', async (signal, code) => {
  const cluster = await TestCluster.start('mesh', 1)
  const { host, state } = cluster.node()
  const words = [command, 'tail', '--definition', cluster.definition, '--host', host, 'TRADE']
  child = spawn(process.execPath, words, {
    env: { ...process.env, TIDINGS_STATE: state },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit')
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  await eventually('ready', () => said.includes('ready'))
  // One line that no pipe holds: where its first bytes have come, the rest waits for a reader.
  const begun = once(child.stdout as Readable, 'readable')
  const publisher = cluster.command(['publish', 'TRADE', '-'])
  publisher.process.stdin?.end(`{"TEXT":"${'x'.repeat(3_000_000)}"}\n`)
  await begun
  child.kill(signal)
  expect(await ended, said).toEqual([code, null])
  // What was not written was not confirmed.
  await publisher.ended
  expect(publisher.log).toContain('1 update, confirmed by 0 subscribers')
})

it('a signal ends tail with 0 where its output was read', async () => {
  const cluster = await TestCluster.start('mesh', 1)
  const tail = cluster.command(['tail', 'TRADE'])
  await eventually('ready', () => tail.log.includes('ready'))
  const published = cluster.run(['publish', 'TRADE', '-'], `{"TEXT":"${'x'.repeat(3_000_000)}"}\n`)
  expect(await published).toMatchObject({ code: 0 })
  tail.process.kill('SIGTERM')
  expect(await tail.ended).toEqual({ code: 0, signal: null })
  expect(tail.output).toHaveLength(tail.output.lastIndexOf('}') + 2)
})
