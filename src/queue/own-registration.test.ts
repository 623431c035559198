import { expect, it } from 'vitest'
import type { Registration } from '../model/roster-entry.ts'
import { openUpdateQueue } from './open-update-queue.ts'
import { MemoryCluster } from '../transport/memory/memory-cluster.ts'

it('D20: has the last numbers of all streams from when the process leaves', async () => {
  const transport = new MemoryCluster().transport()
  const said: Registration[] = []
  const register = transport.register.bind(transport)
  transport.register = (registration) => {
    said.push(registration)
    register(registration)
  }
  const queue = await openUpdateQueue({ process: 'LEAVING', transport })
  queue.publish([
    { table: 'A', kind: 'insert', record: {} },
    { table: 'B', kind: 'insert', record: {} },
  ])
  queue.publish({ table: 'A', kind: 'insert', record: {} })
  await queue.close()
  const last = [
    { table: 'A', last: 2 },
    { table: 'B', last: 1 },
  ]
  for (const { state, last: told } of said) expect(told).toEqual(state === 'alive' ? null : last)
  const states = new Set(said.map(({ state }) => state))
  expect([...states]).toEqual(expect.arrayContaining(['leaving', 'ended']))
})
