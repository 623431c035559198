import { registrationOf } from '../../../test/harness/registration.ts'
import { describe, expect, it } from 'vitest'
import type { ProcessRole } from '../../model/roster-entry.ts'
import type { OpenOptions } from '../../queue/options.ts'
import { openUpdateQueue } from '../../queue/open-update-queue.ts'
import { transportConformance } from '../../testing/transport-conformance.ts'
import { MemoryCluster } from './meeting/memory-cluster.ts'

describe.each(['mesh', 'proxy'] as const)('MemoryTransport in %s mode', (mode) => {
  const makeCluster = async () => {
    const cluster = new MemoryCluster({ mode })
    return {
      direct: mode === 'mesh',
      mode,
      node: 'memory',
      transport: (_role: ProcessRole) => cluster.transport(),
      close: async () => {},
    }
  }
  it.each(transportConformance('memory', makeCluster))('$name', async (each) => {
    await expect(each.run()).resolves.toBeUndefined()
  })
})

it('gives a process the port that it asks for, or the next, and a script none', async () => {
  const cluster = new MemoryCluster()
  const open = (options: OpenOptions) =>
    openUpdateQueue({ ...options, transport: cluster.transport() })
  const queues = [
    await open({ process: 'A' }),
    await open({ process: 'B', port: 12_000 }),
    await open({ process: 'C' }),
    await open({ script: 'S' }),
  ]
  expect(queues.map(({ port }) => port)).toEqual([11_000, 12_000, 11_001, null])
  await Promise.all(queues.map((queue) => queue.close()))
})

it('delivers through the scheduler it was given', async () => {
  const tasks: (() => void)[] = []
  const cluster = new MemoryCluster({ schedule: (task) => tasks.push(task) })
  const heard: string[] = []
  const note = (what: string) => () => void heard.push(what)
  const handlers = {
    message: note('message'),
    request: note('request'),
    roster: note('roster'),
    registered: note('registered'),
    reconnected: note('reconnected'),
    sharedHop: note('sharedHop'),
    event: note('event'),
    failed: note('failed'),
  }
  const transport = cluster.transport('a')
  const registration = registrationOf('0'.repeat(32), {
    node: 'ignored',
    process: 'A',
    place: { port: 12_000 },
  })
  const opened = await transport.open(registration, handlers, new AbortController().signal)
  expect(opened).toMatchObject({ node: 'a', place: { port: 12_000 } })
  expect(transport.port).toBe(12_000)
  expect(heard).toEqual([])
  for (const task of tasks.splice(0)) task()
  expect(heard).toEqual(['roster', 'roster', 'registered'])
})

it('brings a request to its addressees alone', async () => {
  const cluster = new MemoryCluster()
  const heard = new Map<string, string[]>()
  const open = async (name: string) => {
    const requests: string[] = []
    heard.set(name, requests)
    const nothing = () => undefined
    const handlers = {
      message: nothing,
      request: (frame: Uint8Array) => void requests.push(Buffer.from(frame).toString()),
      roster: nothing,
      registered: nothing,
      reconnected: nothing,
      sharedHop: nothing,
      event: nothing,
      failed: nothing,
    }
    const transport = cluster.transport()
    const registration = registrationOf(name.repeat(32), { process: name })
    await transport.open(registration, handlers, new AbortController().signal)
    return transport
  }
  const [a] = await Promise.all(['a', 'b', 'c'].map(open))
  a?.request(Buffer.from('2'), ['c'.repeat(32)])
  a?.request(Buffer.from('3'), null)
  await expect.poll(() => heard.get('c')).toEqual(['2', '3'])
  expect(heard.get('b')).toEqual(['3'])
})
