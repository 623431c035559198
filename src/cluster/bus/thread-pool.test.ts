import { expect, test } from 'vitest'
import type { ClusterPorts } from '../../../test/harness/definition-file.ts'
import { freeClusterPorts } from '../../../test/harness/definition-file.ts'
import { ManualClock } from '../../../test/harness/manual-clock.ts'
import { checkThreadPool, linkLimit, threadPoolSize } from './thread-pool.ts'

const endsOf = ({ inbound, outbound, relay }: ClusterPorts) => ({
  inbound: `tcp://127.0.0.1:${inbound}`,
  outbound: `tcp://127.0.0.1:${outbound}`,
  relay: `tcp://127.0.0.1:${relay}`,
})

test.each([
  [undefined, 4],
  ['', 4],
  ['many', 4],
  ['0', 1],
  ['32', 32],
  ['5000', 1_024],
])('UV_THREADPOOL_SIZE=%s gives %i threads', (value, threads) => {
  expect(threadPoolSize(value === undefined ? {} : { UV_THREADPOOL_SIZE: value })).toBe(threads)
})

test('three proxies and two threads for files come before links', () => {
  expect([1, 4, 5, 6, 32].map(linkLimit)).toEqual([0, 0, 0, 1, 27])
})

test.each([
  ['too few threads', 4, 5_000, /need 5 threads .* has 4/],
  ['enough', 64, 60_000, /carried nothing for 60 s, though UV_THREADPOOL_SIZE says 64/],
])(
  'proxies that carry nothing: with %s it is said after so long',
  async (_, threads, ms, message) => {
    const clock = new ManualClock()
    const ports = await freeClusterPorts('127.0.0.1')
    let failure: Error | null = null
    const checked = checkThreadPool(endsOf(ports), clock, undefined, threads).catch(
      (error: unknown) => void (failure = error as Error),
    )
    clock.moveBy(ms - 1)
    await new Promise(setImmediate)
    expect(failure).toBe(null)
    clock.moveBy(1)
    await checked
    expect(failure).toMatchObject({
      code: 'THREAD_POOL_TOO_SMALL',
      message: expect.stringMatching(message) as string,
    })
  },
)
