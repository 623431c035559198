import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openQueuePair, taken } from '../../test/harness/queue-pair.ts'
import type { TidingsError } from '../base/tidings-error.ts'
import type { Published } from '../model/published.ts'
import type { NewChange } from '../model/reset.ts'
import type { Delivery } from '../model/update.ts'
import { changed } from './commits.ts'

const row = (table: string, id: string): NewChange => ({
  table,
  kind: 'insert',
  record: { ID: id },
})

/** A delivery as a line: its updates with their commits, or its losses with their texts. */
const line = (delivery: Delivery): string =>
  delivery.type === 'loss'
    ? delivery.losses.map(({ table, reason, text }) => `${reason} ${table}: ${text}`).join()
    : delivery.updates.map((update) => `${update.commit}${update.table}${idOf(update)}`).join()

const idOf = ({ record }: { readonly record: object }): string => (record as { ID: string }).ID

async function subscribed() {
  const { publisher, subscriber } = await openQueuePair<Record<string, object>>()
  const lines: string[] = []
  const subscription = subscriber.subscribe('*', {
    onDelivery: (delivery) => void lines.push(line(delivery)),
  })
  await subscription.ready
  const told = async (): Promise<string[]> => {
    await taken(publisher)
    return lines
  }
  return { queue: publisher, other: subscriber, told }
}

const error = (code: TidingsError['code'], text: RegExp): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(text) })

it('publishes what changed as one commit when the promise fulfils, and gives its value', async () => {
  const { queue, told } = await subscribed()
  const record = { ID: '2' }
  const value = await queue.commit(async (change) => {
    change(row('B', '1'))
    await pause(1)
    change([{ table: 'A', kind: 'modify', record, before: { ID: '0' }, version: 5n }])
    record.ID = 'changed afterwards'
    expect(queue.stats().published.commits).toBe(0)
    return 'value'
  })
  expect(value).toBe('value')
  expect(await told()).toEqual(['1B1,1A2'])
})

it('takes a function that ends at once, too', async () => {
  const { queue, told } = await subscribed()
  expect(await queue.commit((change) => (change(row('A', '1')), 7))).toBe(7)
  expect(await told()).toEqual(['1A1'])
})

it('publishes nothing where it rejects or throws, and nothing where nothing changed', async () => {
  const { queue, told } = await subscribed()
  const failure = new Error('rolled back')
  const failing = queue.commit(async (change) => {
    change(row('A', '1'))
    await pause(1)
    throw failure
  })
  await expect(failing).rejects.toBe(failure)
  const throwing = queue.commit((change) => {
    change(row('A', '1'))
    throw failure
  })
  await expect(throwing).rejects.toBe(failure)
  await queue.commit(() => undefined)
  expect(await told()).toEqual([])
})

it('finds its transaction from wherever changed() is called', async () => {
  const { queue, told } = await subscribed()
  const save = async (id: string): Promise<void> => {
    await pause(1)
    changed(row('A', id))
  }
  await Promise.all([
    queue.commit(() => Promise.all([save('1'), save('2')])),
    queue.commit(() => save('3')),
  ])
  const lines = await told()
  expect(lines.join().split(',').toSorted()).toEqual(['1A1', '1A2', '2A3'])
})

it('joins the call around it: published when that has ended', async () => {
  const { queue, told } = await subscribed()
  await queue.commit(async () => {
    changed(row('A', '1'))
    expect(await queue.commit(() => (changed(row('A', '2')), 'inner'))).toBe('inner')
    changed(row('A', '3'))
    expect(queue.stats().published.commits).toBe(0)
  })
  expect(await told()).toEqual(['1A1,1A2,1A3'])
})

it('of a nested call that fails, or is not waited for, nobody knows: a reset of its tables', async () => {
  const { queue, told } = await subscribed()
  const ended = Promise.withResolvers<void>()
  await queue.commit(async () => {
    changed(row('A', '1'))
    const inner = queue.commit(() => {
      changed(row('B', '2'))
      throw new Error('back to the savepoint')
    })
    await inner.catch(() => undefined)
    void queue.commit(() => (changed(row('C', '3')), ended.promise))
  })
  ended.resolve()
  const undone = 'a nested commit() failed or was not waited for: it may have been undone'
  expect(await told()).toEqual(['1A1', `reset B: ${undone},reset C: ${undone}`])
})

it('is a commit of its own within one of another queue', async () => {
  const { queue, other, told } = await subscribed()
  await queue.commit(async () => {
    changed(row('A', '1'))
    await other.commit(async () => {
      changed(row('B', '1'))
      await queue.commit(() => changed(row('A', '2')))
    })
    expect(queue.stats().published.commits).toBe(0)
  })
  expect(other.stats().published).toEqual({ updates: 1, commits: 1 })
  expect(await told()).toContain('1A1,1A2')
})

it('what comes too late, or from outside, is refused', async () => {
  const { queue, told } = await subscribed()
  expect(() => changed(row('A', '1'))).toThrow(error('USAGE', /outside of commit\(\)/))
  let late: Promise<void> | undefined
  let kept: ((change: NewChange) => void) | undefined
  await queue.commit((change) => {
    kept = change
    late = pause(1).then(() => changed(row('A', '1')))
  })
  await expect(late).rejects.toEqual(error('USAGE', /had ended/))
  expect(() => kept?.(row('A', '1'))).toThrow(error('USAGE', /had ended/))
  await expect(queue.commit(undefined as never)).rejects.toEqual(error('USAGE', /a function/))
  await expect(queue.commit(() => 1, { on: 1 } as never)).rejects.toEqual(error('USAGE', /"on"/))
  expect(await told()).toEqual([])
})

it('refuses publish() and reset() within: they would tell what is not committed', async () => {
  const { queue, told } = await subscribed()
  await queue.commit(async () => {
    await pause(1)
    expect(() => queue.publish(row('A', '1'))).toThrow(error('USAGE', /within commit/))
    expect(() => queue.reset('A', { reason: 'x' })).toThrow(error('USAGE', /within/))
    changed({ table: 'A', kind: 'reset', reason: 'why', keys: [{ ID: '1' }] })
  })
  queue.publish(row('A', '2'))
  expect(await told()).toEqual(['reset A: why', '2A2'])
})

it('what cannot travel is refused at once; where that is caught, its table is read again', async () => {
  const { queue, told } = await subscribed()
  const wrong = { table: 'A', kind: 'insert', record: { F: () => 1 } } as const
  const failing = queue.commit((change) => change(wrong))
  await expect(failing).rejects.toEqual(error('VALUE_UNSUPPORTED', /record\.F/))
  await queue.commit((change) => {
    change(row('B', '1'))
    expect(() => change(wrong)).toThrow(error('VALUE_UNSUPPORTED', /record\.F/))
    expect(() => change(undefined as never)).toThrow(error('USAGE', /takes an update/))
    expect(() => change({ table: 'C', kind: 'reset', reason: '' })).toThrow(/reason/)
  })
  const lines = await told()
  expect(lines[0]).toBe('1B1')
  expect(lines[1]).toMatch(/^reset A: .*record\.F.*,reset C: .*reason/)
})

it('a transaction that is more than a queue takes is told as resets, and does not fail', async () => {
  const { queue, told } = await subscribed()
  const record = { ID: 'x'.repeat(4 * 1024 * 1024) }
  const large: NewChange = { table: 'A', kind: 'insert', record }
  expect(
    await queue.commit((change) => (change(Array.from({ length: 9 }, () => large)), 'committed')),
  ).toBe('committed')
  const huge = { table: 'B', kind: 'insert', record: { ID: 'x'.repeat(5 * 1024 * 1024) } } as const
  await queue.commit((change) => change([row('A', '1'), huge]))
  const tables = Array.from({ length: 600 }, (_, n) => row(`T${n}`, '1'))
  await queue.commit((change) => change(tables))
  const lines = (await told()).join().split(/,(?=reset)/)
  expect(lines.filter((each) => each.startsWith('reset'))).toHaveLength(602)
  expect(lines[0]).toMatch(/^reset A: a commit of more than 33554432 bytes/)
})

it('says what was published, before it resolves', async () => {
  const { queue } = await subscribed()
  const said: Published[] = []
  const onPublished = (published: Published): void => void said.push(published)
  await queue.commit(() => queue.commit(() => changed(row('A', '1')), { onPublished }), {
    onPublished,
  })
  await queue.commit(() => undefined, { onPublished })
  expect(said.map(({ commit }) => commit)).toEqual([1, 1])
})
