import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { ClusterEvent } from '../../src/cluster/cluster-event.ts'
import { freeClusterPorts } from '../harness/definition-file.ts'

test.each(['while', 'after'])(
  'a link that comes %s the links of a bus that is made anew are closed leads to the new bus, and to that alone',
  async (moment) => {
    const ports = await freeClusterPorts('127.0.0.1')
    const script = new URL('renewed-path-child.ts', import.meta.url)
    const child = fork(script, [JSON.stringify(ports), moment], {
      env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
      execArgv: [],
    })
    const ended = once(child, 'exit')
    const told: string[] = []
    child.on('message', (event: ClusterEvent) =>
      told.push(event.type === 'link' ? `${event.node} ${event.state}` : event.type),
    )
    try {
      await once(child, 'disconnect')
      expect(told).toEqual([
        'stays opened',
        'goes opened',
        // Of the new bus. What comes meanwhile is opened there, and nowhere else before.
        'stays opened',
        'comes opened',
        'bus-renewed',
      ])
      // A link that was left to the old bus would hold its thread, and with that the process.
      expect(await ended).toEqual([0, null])
    } finally {
      child.kill('SIGKILL')
      await ended
    }
  },
)
