import { expect, it } from 'vitest'
import { openQueuePair } from '../../test/harness/queue-pair.ts'
import { cached } from './cached.ts'

interface Tables {
  ACCOUNT: { ID: string; OWNER: string }
  LIMIT: { ACCOUNT: string; CURRENCY: string; AMOUNT: number }
}

/** A cache whose loads end when they are told to. */
async function openStage(max = 10) {
  const { publisher, subscriber } = await openQueuePair<Tables>()
  const loads: { key: string; end: (value: number) => void; fail: (error: Error) => void }[] = []
  const cache = await cached(subscriber, {
    tables: ['ACCOUNT', 'LIMIT'],
    key: { ACCOUNT: 'ID', LIMIT: 'ACCOUNT' },
    max,
    load: (key: string) =>
      new Promise<number>((end, fail) => {
        loads.push({ key, end, fail })
      }),
  })
  const change = async (record: Tables['LIMIT'], before?: Partial<Tables['LIMIT']>) => {
    publisher.publish({ table: 'LIMIT', kind: 'modify', record, before })
    await publisher.flush()
  }
  const get = (key: string, value: number): Promise<number> => {
    const got = cache.get(key)
    loads.at(-1)?.end(value)
    return got
  }
  return { cache, loads, change, get }
}

const limit = (ACCOUNT: string) => ({ ACCOUNT, CURRENCY: 'EUR', AMOUNT: 1 })

it('keeps a value until an update of any of its tables names its key', async () => {
  const { cache, loads, change, get } = await openStage()
  expect(await get('a', 1)).toBe(1)
  expect(await cache.get('a')).toBe(1)
  await change(limit('b'))
  expect(await cache.get('a')).toBe(1)
  await change(limit('a'))
  expect(await get('a', 2)).toBe(2)
  await change(limit('c'), { ACCOUNT: 'a' })
  expect(await get('a', 3)).toBe(3)
  expect(loads.map(({ key }) => key)).toEqual(['a', 'a', 'a'])
  expect(cache.stats()).toEqual({ size: 1, hits: 2, loads: 3, dropped: 2, emptied: 0 })
})

it('does not keep what was loaded before an update came, and has nobody wait for it who asks later', async () => {
  const { cache, loads, change } = await openStage()
  const early = cache.get('a')
  const alike = cache.get('a')
  await change(limit('a'))
  const late = cache.get('a')
  loads[1]?.end(2)
  loads[0]?.end(1)
  expect(await Promise.all([early, alike, late])).toEqual([1, 1, 2])
  expect(await cache.get('a')).toBe(2)
  expect(loads).toHaveLength(2)
})

it('lets go what was asked for longest ago, and what could not be loaded', async () => {
  const { cache, loads, get } = await openStage(2)
  await get('a', 1)
  await get('b', 2)
  await cache.get('a')
  await get('c', 3)
  expect(await cache.get('a')).toBe(1)
  const failed = get('b', 2).then(() => cache.get('d'))
  await expect.poll(() => loads.at(-1)?.key).toBe('d')
  loads.at(-1)?.fail(new Error('no such account'))
  await expect(failed).rejects.toThrow('no such account')
  await get('d', 4)
  expect(loads.map(({ key }) => key).join('')).toBe('abcbdd')
})

it('has keys of several fields, and ends with its queue', async () => {
  const { publisher, subscriber } = await openQueuePair<Tables>()
  let loads = 0
  const cache = await cached(subscriber, {
    tables: 'LIMIT',
    key: ['ACCOUNT', 'CURRENCY'],
    max: 5,
    load: ([account, currency]: readonly [string, string]) => `${account} ${currency} ${++loads}`,
  })
  expect(await cache.get(['a', 'EUR'])).toBe('a EUR 1')
  publisher.publish({ table: 'LIMIT', kind: 'modify', record: { ...limit('a'), CURRENCY: 'USD' } })
  await publisher.flush()
  expect(await cache.get(['a', 'EUR'])).toBe('a EUR 1')
  publisher.publish({ table: 'LIMIT', kind: 'delete', record: limit('a') })
  await publisher.flush()
  expect(await cache.get(['a', 'EUR'])).toBe('a EUR 2')
  await subscriber.close()
  expect(await cache.closed).toBe(undefined)
  await expect(cache.get(['a', 'EUR'])).rejects.toThrow('[CLOSED]')
})

it('refuses options that are not what they have to be', async () => {
  const { subscriber } = await openQueuePair<Tables>()
  const options = { tables: 'LIMIT', key: 'ACCOUNT', max: 5, load: () => 1 } as const
  for (const [wrong, message] of [
    [{ max: 0 }, /max of cached\(\) must be a whole number/],
    [{ load: undefined }, /load of cached\(\) must be a function/],
    [{ key: {} }, /names no field of LIMIT/],
    [{ tabels: 'LIMIT' }, /has no option "tabels".*"?tables/],
  ] as const)
    await expect(cached(subscriber, { ...options, ...wrong } as never)).rejects.toThrow(message)
})
