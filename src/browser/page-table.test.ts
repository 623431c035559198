import type { IncomingMessage } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { BreakableWay } from '../../test/harness/breakable-way.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { ManualClock } from '../../test/harness/manual-clock.ts'
import { openLiveStage, serve } from '../../test/harness/open-pages.ts'
import { liveHandler } from '../web/live-handler.ts'
import type { LiveStreamOptions } from '../web/live-stream-options.ts'
import { liveTable } from './open-page-table.ts'
import { PageTable } from './page-table.ts'

interface Account {
  readonly ID: string
  readonly OWNER: string
  readonly AMOUNT: number
}

/** What the browser says of the network, said by the test. */
class Network {
  #lost: () => void = () => undefined
  #back: () => void = () => undefined
  goes = (): void => this.#lost()
  comes = (): void => this.#back()

  watch = (lost: () => void, back: () => void): (() => void) => {
    this.#lost = lost
    this.#back = back
    return () => {
      this.#lost = this.#back = () => undefined
    }
  }
}

/** A server with live tables, a way to it that can be broken, and a page whose time a test moves. */
async function stage(options: Partial<LiveStreamOptions<IncomingMessage>> = {}) {
  const live = await openLiveStage()
  await live.put({ a: 1, b: 2 })
  const handlerOptions = { tables: live.tables, authorize: () => true, ...options }
  let handler = liveHandler(handlerOptions)
  const url = await serve(
    Object.assign((...given: Parameters<typeof handler>) => handler(...given), {
      close: () => handler.close(),
    }),
  )
  const way = await BreakableWay.to(url.replace('http:', 'tcp:'))
  onTestFinished(() => way.close())
  const clock = new ManualClock(1_000_000)
  const network = new Network()
  const asked: (string | null)[] = []
  let isHeld = false
  const page = new PageTable<Account>(
    async (after, signal) => {
      asked.push(after)
      if (isHeld) await new Promise(() => undefined)
      const query = new URLSearchParams({ table: 'ACCOUNT', ...(after !== null && { after }) })
      return await fetch(`${way.endpoint.replace('tcp:', 'http:')}/live?${query.toString()}`, {
        signal,
      })
    },
    {
      clock: {
        now: () => clock.now(),
        after: (ms, run) => {
          const timer = clock.after(ms, run)
          return () => timer.cancel()
        },
      },
      network,
      random: () => 0,
    },
  )
  onTestFinished(() => page.close())
  const steps: string[] = []
  page.subscribe(({ changes, state }) => {
    const told = changes.map(({ kind, key, record }) => `${kind} ${String(key)} ${record.AMOUNT}`)
    steps.push([state, ...told].join(', '))
  })
  const becomes = (state: string) => eventually(`it is ${state}`, () => page.state === state)
  /** The server is started anew, and knows nothing of its pages. */
  const restart = async (): Promise<void> => {
    const before = handler
    handler = liveHandler(handlerOptions)
    await before.close()
  }
  const hold = () => (isHeld = true)
  const letGo = () => (isHeld = false)
  return { ...live, way, clock, network, asked, page, steps, becomes, restart, hold, letGo }
}

it('V5: a page has the rows of the live table, and what changes in them', async () => {
  const { page, put, remove, steps, becomes } = await stage()
  expect({ state: page.state, size: page.size }).toEqual({ state: 'reading', size: 0 })
  await page.ready
  await becomes('live')
  const list = page.rows
  expect(page.rows).toBe(list)
  expect([...page]).toEqual([
    { ID: 'a', OWNER: 'A', AMOUNT: 1 },
    { ID: 'b', OWNER: 'A', AMOUNT: 2 },
  ])
  const b = page.get('b')
  await put({ a: 5, c: 3 })
  await remove('a')
  await eventually('all has come', () => page.size === 2 && page.has('c'))
  expect(page.get('b')).toBe(b)
  expect(page.rows).not.toBe(list)
  expect(steps).toEqual([
    'live, insert a 1, insert b 2',
    'live, modify a 5, insert c 3',
    'live, delete a 5',
  ])
})

it('V5: texts with the ends of lines of Unicode come as they are, in rows and in changes', async () => {
  const { page, put, becomes } = await stage()
  await put({ a: 3 }, 'one\u2028two\u2029three')
  await page.ready
  await becomes('live')
  await eventually('the rows have come', () => page.get('a')?.AMOUNT === 3)
  await put({ b: 4 }, 'one\u2028two')
  await eventually('the change has come', () => page.get('b')?.AMOUNT === 4)
})

it('V6: headers that are waited for without end are given up as silence is', async () => {
  const { way, clock, becomes, asked, hold, letGo } = await stage()
  await becomes('live')
  hold()
  way.break()
  await becomes('stale')
  clock.moveBy(500)
  expect(asked).toHaveLength(2)
  letGo()
  clock.moveBy(25_000)
  await eventually('it waits to ask again', () => (clock.moveBy(1_000), asked.length === 3))
  await becomes('live')
})

it('V5: a page that loses its connection says so, and goes on where it stopped', async () => {
  const { page, put, way, clock, steps, becomes, asked } = await stage()
  await becomes('live')
  way.break()
  await becomes('stale')
  expect(page.staleSince).toBe(1_000_000)
  expect(page.error).toBeInstanceOf(Error)
  await put({ a: 7 })
  expect(page.get('a')?.AMOUNT).toBe(1)
  clock.moveBy(500)
  await becomes('live')
  expect({ amount: page.get('a')?.AMOUNT, since: page.staleSince, error: page.error }).toEqual({
    amount: 7,
    since: null,
    error: null,
  })
  // The change was told before the page was in step.
  expect(steps.slice(1)).toEqual(['stale', 'stale, modify a 7', 'live'])
  expect(asked).toEqual([null, expect.stringMatching(/^[\da-f]{32}\.0$/)])
})

it('V5: after the server was started anew a page is told what differs, and keeps the rest', async () => {
  const { page, put, remove, clock, steps, becomes, restart } = await stage()
  await becomes('live')
  const b = page.get('b')
  await restart()
  await becomes('stale')
  await remove('a')
  await put({ c: 3 })
  clock.moveBy(500)
  await becomes('live')
  expect(page.get('b')).toBe(b)
  expect(steps.slice(1)).toEqual(['stale', 'live, insert c 3, delete a 1'])
})

it('V6: a connection that is gone without a word is noticed by its silence', async () => {
  const { page, clock, becomes } = await stage()
  await becomes('live')
  clock.moveBy(25_000)
  await becomes('stale')
  expect(String(page.error)).toContain('nothing was heard for 25 s')
  clock.moveBy(500)
  await becomes('live')
})

it('V6: a page is stale at once when the browser says that the network is gone, and asks when it is back', async () => {
  const { network, becomes } = await stage()
  await becomes('live')
  network.goes()
  await becomes('stale')
  network.comes()
  await becomes('live')
})

it('V6: a page that has slept for longer than the server is silent asks anew', async () => {
  const { network, clock, becomes, asked } = await stage()
  await becomes('live')
  network.comes()
  expect(asked).toHaveLength(1)
  const asleep = clock.now() + 60_000
  clock.now = () => asleep
  network.comes()
  await becomes('stale')
  clock.moveBy(500)
  await becomes('live')
})

it('a page that is refused is closed, says why, and does not ask again', async () => {
  const { page, becomes, asked, clock } = await stage({ authorize: () => false })
  await expect(page.ready).rejects.toThrow('the server answers 403: {"status":403')
  await becomes('closed')
  expect(String(page.error)).toContain('403')
  clock.moveBy(60_000)
  expect(asked).toHaveLength(1)
  expect(clock.waiting).toBe(0)
})

it('a page that is closed keeps its rows, and leaves nothing behind', async () => {
  const { page, becomes, clock, put } = await stage()
  await becomes('live')
  page.close()
  await put({ a: 9 })
  expect({ state: page.state, error: page.error, amount: page.get('a')?.AMOUNT }).toEqual({
    state: 'closed',
    error: null,
    amount: 1,
  })
  expect(clock.waiting).toBe(0)
})

it('liveTable() asks with its headers, and has keys of several fields', async () => {
  const { tables, commit, publisher } = await openLiveStage()
  commit((change) => change.put('ENTRY', { ACCOUNT: 'a', NUMBER: 2, AMOUNT: 5 }))
  await publisher.flush()
  const url = await serve(
    liveHandler({ tables, authorize: ({ headers }) => headers.authorization === 'Bearer T' }),
  )
  const closing = new AbortController()
  const page = liveTable<{ AMOUNT: number }>(`${url}/live`, 'ENTRY', {
    headers: () => ({ Authorization: 'Bearer T' }),
    signal: closing.signal,
  })
  await page.ready
  expect(page.get({ NUMBER: 2, ACCOUNT: 'a' })?.AMOUNT).toBe(5)
  commit((change) => change.delete('ENTRY', { ACCOUNT: 'a', NUMBER: 2, AMOUNT: 5 }))
  await publisher.flush()
  await eventually('it is gone', () => page.size === 0)
  closing.abort()
  expect(page.state).toBe('closed')
})
