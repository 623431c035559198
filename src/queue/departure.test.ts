import { expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/harness/eventually.ts'
import type { TidingsError } from '../base/tidings-error.ts'
import type { NewChange } from '../model/reset.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import { changed } from './commits.ts'
import { openUpdateQueue } from './open-update-queue.ts'

const row = (id: string, table = 'A'): NewChange => ({ table, kind: 'insert', record: { ID: id } })

const error = (code: TidingsError['code'], text: RegExp): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(text) })

/** A queue that leaves, and what another process hears of it in tables A and B. */
async function stage({ drainMs = 60_000, publishes = [] as string[] } = {}) {
  const cluster = new MemoryCluster()
  const open = async (process: string, options = {}) => {
    const queue = await openUpdateQueue({ process, transport: cluster.transport(), ...options })
    onTestFinished(() => queue.close())
    return queue
  }
  const queue = await open('P', { drainMs, publishes })
  const other = await open('S')
  const lines: string[] = []
  const subscription = other.subscribe(['A', 'B'], {
    onDelivery: (delivery) => {
      if (delivery.type === 'loss')
        lines.push(...delivery.losses.map(({ table, reason }) => `${reason} ${table}`))
      else lines.push(...delivery.updates.map(({ record }) => (record as { ID: string }).ID))
    },
  })
  await subscription.ready
  const events: string[] = []
  void (async () => {
    for await (const event of other.status())
      if ('publisher' in event) events.push(`${event.type} ${event.publisher?.process}`)
  })()
  return { cluster, queue, lines, events }
}

for (const ends of ['drain', 'close'] as const)
  it(`D20: ${ends}() waits for a transaction that is under way, and takes no other`, async () => {
    const { queue, lines, events } = await stage()
    const transaction = Promise.withResolvers<void>()
    const commit = queue.commit(async () => {
      await transaction.promise
      changed(row('1'))
      await queue.commit(() => changed(row('2')))
      return 'committed'
    })
    const ended = queue[ends]()
    await expect(queue.commit(() => 1)).rejects.toEqual(error('CLOSED', /closed/))
    expect(() => queue.publish(row('3'))).toThrow(error('CLOSED', /closed/))
    transaction.resolve()
    expect(await commit).toBe('committed')
    await ended
    expect(lines).toEqual(['1', '2'])
    await eventually('its end is told', () => events.includes('publisher-finished P'))
  })

it('D20: close() waits no longer than drainMs, and tells both sides what it waited for in vain', async () => {
  const { queue, lines, events } = await stage({ drainMs: 20, publishes: ['B'] })
  const transaction = Promise.withResolvers<void>()
  queue.publish(row('0'))
  await queue.flush()
  let late: unknown
  const commit = queue.commit(async () => {
    changed(row('1'))
    await transaction.promise
    try {
      changed(row('2'))
    } catch (refused) {
      late = refused
    }
  })
  await queue.close()
  transaction.resolve()
  await expect(commit).rejects.toEqual(error('CLOSED', /transaction has committed/))
  expect(late).toEqual(error('CLOSED', /roll the transaction back/))
  await eventually('it is taken for dead', () => events.includes('publisher-gone P'))
  expect(lines.toSorted()).toEqual(['0', 'gone A', 'gone B'])
})

it('D20: the signal of drain() ends the wait for a transaction, and so does close()', async () => {
  for (const end of ['signal', 'close'] as const) {
    const { queue } = await stage({ drainMs: 0 })
    const transaction = Promise.withResolvers<void>()
    const commit = queue.commit(() => transaction.promise)
    const leaving = new AbortController()
    const drained = queue.drain({ signal: leaving.signal })
    if (end === 'signal') leaving.abort()
    else await queue.close()
    await drained
    transaction.resolve()
    await commit
  }
})

it('D20: drain() within commit() is refused: each would wait for the other', async () => {
  const { queue } = await stage()
  const failing = queue.commit(() => queue.drain())
  await expect(failing).rejects.toEqual(error('USAGE', /drain\(\) was called within commit\(\)/))
})

it('D20: of tables that were declared subscribers are told where the process dies', async () => {
  const { cluster, queue, lines } = await stage({ publishes: ['OTHER'] })
  await queue.declare(['B', 'OTHER'])
  cluster.kill(queue)
  await eventually('the loss', () => lines.length > 0)
  expect(lines).toEqual(['gone B'])
  await expect(queue.declare('A')).rejects.toEqual(error('CLOSED', /closed/))
})

it('declare() refuses what is no name, and resolves for what is known', async () => {
  const { queue } = await stage({ publishes: ['A'] })
  await queue.declare('A')
  await expect(queue.declare([])).rejects.toEqual(error('USAGE', /declare\('TRADE'\)/))
  await expect(queue.declare('*')).rejects.toEqual(error('USAGE', /\*/))
})
