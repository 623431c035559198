// A record whose getter, toJSON or Proxy calls the queue that is reading it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { secondErrorClass } from '../../test/harness/second-class.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { NewUpdate } from '../model/update.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import { openUpdateQueue } from './open-update-queue.ts'
import type { UpdateQueue } from './update-queue.ts'

let queue: UpdateQueue
let remote: UpdateQueue
let got: string[]

const row = (table: string, record: object) => ({ table, kind: 'insert', record }) as NewUpdate

beforeEach(async () => {
  const cluster = new MemoryCluster()
  queue = await openUpdateQueue({
    process: 'P',
    transport: cluster.transport(),
    drainMs: 60_000,
  })
  remote = await openUpdateQueue({ process: 'S', transport: cluster.transport() })
  got = []
  const subscription = remote.subscribe('*', {
    onDelivery: (delivery) => {
      if (delivery.type === 'updates')
        got.push(
          ...delivery.updates.map(
            ({ table, sequence, commit, record }) =>
              `${table}#${sequence} ${commit} ${JSON.stringify(record)}`,
          ),
        )
      else got.push(delivery.type)
    },
  })
  await subscription.ready
})

afterEach(async () => {
  await queue.close()
  await remote.close()
})

const refused = (work: () => unknown): TidingsError | null => {
  try {
    work()
  } catch (error) {
    return error as TidingsError
  }
  return null
}

/** Records that run code while they are read, each in its own way. */
const readers: [string, (run: () => unknown) => object][] = [
  ['getter', (run) => Object.defineProperty({}, 'x', { enumerable: true, get: run })],
  ['toJSON', (run) => ({ x: { toJSON: run } })],
  ['toJSON-of-the-record', (run) => ({ toJSON: () => (run(), { x: 1 }) })],
  ['Proxy', (run) => new Proxy({ x: 1 }, { ownKeys: () => (run(), ['x']) })],
  [
    'getter-within-JSON',
    (run) => ({ x: [Object.defineProperty({}, 'y', { enumerable: true, get: run })] }),
  ],
]

describe.each(readers)('by %s', (_what, record) => {
  it('D1: publish() is refused, and the commit around it stands', async () => {
    const inner: (TidingsError | null)[] = []
    const run = () => {
      inner.push(refused(() => queue.publish(row('A', { n: 'inner' }))))
      return 1
    }
    const first = queue.publish([row('A', { n: 1 }), row('A', record(run)), row('B', { n: 3 })])
    expect(inner.length).toBeGreaterThan(0)
    for (const error of inner) expect(error).toMatchObject({ code: 'USAGE' })
    const second = queue.publish(row('A', record(run)))
    const third = queue.publish([row('B', { n: 4 }), row('A', { n: 5 })])
    expect([first, second, third]).toEqual([{ commit: 1 }, { commit: 2 }, { commit: 3 }])
    expect(queue.stats().published).toEqual({ updates: 6, commits: 3 })
    await queue.flush()
    expect(got.filter((line) => line.includes('inner'))).toEqual([])
    expect(got.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'A#1 1',
      'A#2 1',
      'B#1 1',
      'A#3 2',
      'B#2 3',
      'A#4 3',
    ])
  })

  it('D1: where it lets that error through, the commit around it is refused whole, with its code', async () => {
    const run = () => queue.publish(row('A', { n: 'inner' })).commit
    for (const updates of [row('A', record(run)), [row('A', { n: 1 }), row('A', record(run))]])
      expect(refused(() => queue.publish(updates))).toMatchObject({ code: 'USAGE' })
    const boom = () => {
      refused(() => queue.publish(row('C', { n: 'inner' })))
      throw new Error('boom')
    }
    expect(
      refused(() => queue.publish([row('A', { n: 1 }), row('A', record(boom))])),
    ).toMatchObject({
      code: 'VALUE_UNSUPPORTED',
      cause: expect.objectContaining({ message: 'boom' }) as unknown,
    })
    for (let n = 1; n < 4; n++) expect(queue.publish(row('A', { n }))).toEqual({ commit: n })
    await queue.flush()
    expect(got).toEqual(['A#1 1 {"n":1}', 'A#2 2 {"n":2}', 'A#3 3 {"n":3}'])
  })

  it('an error of a second copy of the package has its code once, and is one of this copy', async () => {
    const SecondError = await secondErrorClass()
    expect(SecondError).not.toBe(TidingsError)
    const thrown = new SecondError('CLOSED', 'this queue is closed')
    const run = () => {
      throw thrown
    }
    for (const updates of [row('A', record(run)), [row('A', { n: 1 }), row('A', record(run))]]) {
      const error = refused(() => queue.publish(updates))
      expect(error).toBeInstanceOf(TidingsError)
      expect(error).toMatchObject({ code: 'CLOSED', category: 'usage', cause: thrown })
      expect(error?.message.split('[CLOSED]')).toHaveLength(2)
      expect(error?.message).toMatch(/: this queue is closed \[CLOSED\]$/)
    }
    const update = Object.defineProperty(row('A', {}), 'kind', { get: run })
    expect(refused(() => queue.publish([update]))?.message).toBe(
      'updates[0] of A: this queue is closed [CLOSED]',
    )
  })

  it('D1: neither subscribe() nor flush(), drain() and close() is taken', async () => {
    const inner: unknown[] = []
    const told: Promise<unknown>[] = []
    const run = () => {
      inner.push(refused(() => queue.subscribe('A')))
      for (const call of [() => queue.flush(), () => queue.drain(), () => queue.close()])
        told.push(
          call().then(
            () => null,
            (error: unknown) => error,
          ),
        )
      return 1
    }
    queue.publish([row('A', { n: 1 }), row('A', record(run)), row('B', { n: 3 })])
    queue.publish(row('A', { n: 4 }))
    for (const error of [...inner, ...(await Promise.all(told))])
      expect(error).toMatchObject({ code: 'USAGE' })
    await queue.flush()
    expect(got.map((line) => line.split(' ')[0])).toEqual(['A#1', 'A#2', 'B#1', 'A#3'])
  })
})

it('D1: a list that changes while it is read is published as it was given', async () => {
  const list: NewUpdate[] = [
    row('A', { n: 1 }),
    row('A', {
      get n() {
        list.length = 1
        return 2
      },
    }),
    row('B', { n: 3 }),
  ]
  expect(queue.publish(list)).toEqual({ commit: 1 })
  queue.publish(row('A', { n: 4 }))
  await queue.flush()
  expect(got).toEqual(['A#1 1 {"n":1}', 'A#2 1 {"n":2}', 'B#1 1 {"n":3}', 'A#3 2 {"n":4}'])
})

it('D1: each part of an update is read once', async () => {
  const tables = ['A', 'B', 'C', 'D']
  const records = [{ n: 1 }, { n: 2 }, Promise.resolve()]
  const shifting = () => ({
    get table() {
      return tables.shift() ?? 'none'
    },
    kind: 'insert',
    get record() {
      return records.shift() ?? {}
    },
  })
  queue.publish(shifting() as NewUpdate)
  queue.publish([shifting() as NewUpdate, row('A', { n: 3 })])
  await queue.flush()
  expect(got).toEqual(['A#1 1 {"n":1}', 'B#1 2 {"n":2}', 'A#2 2 {"n":3}'])
})

it('D1: another queue may be asked', async () => {
  const inner = () => remote.publish(row('A', { n: 'other' })).commit
  queue.publish(
    row('A', {
      n: 0,
      get x() {
        return inner()
      },
    }),
  )
  await queue.flush()
  expect(got).toContain('A#1 1 {"n":0,"x":1}')
})

it('W3: a refusal names table, place in the commit and path', () => {
  const updates = Array.from({ length: 500 }, (_, n) =>
    row(n % 2 ? 'ORDERS' : 'POSITION', { ID: n, LINES: n === 250 ? [{ QTY: 1n }] : [] }),
  )
  const messageOf = (given: NewUpdate | NewUpdate[]) => refused(() => queue.publish(given))?.message
  expect(messageOf(updates)).toMatch(
    /^updates\[250\] of POSITION: `record\.LINES\[0\]\.QTY` is 1n .* \[VALUE_UNSUPPORTED\]$/,
  )
  const before = { ...row('T', {}), before: { 'odd name': () => 1 } } as NewUpdate
  expect(messageOf(before)).toBe(
    'an update of T: `before["odd name"]` is a function, which cannot travel [VALUE_UNSUPPORTED]',
  )
  expect(messageOf([row('T', {}), { ...row('T', {}), version: 5 } as never])).toBe(
    'updates[1] of T: `version` must be a signed 64-bit bigint, got 5 [VALUE_UNSUPPORTED]',
  )
  expect(messageOf(row('T', { A: 'x'.repeat(5 << 20) }))).toMatch(
    /^an update of T: .*\[LIMIT_EXCEEDED\]$/,
  )
  expect(messageOf([row('T', {}), null as never])).toMatch(
    /^updates\[1\]: publish\(\) takes an update/,
  )
  expect(messageOf(row('*', {}))).toMatch(/^an update of \*: no table is named/)
  expect(messageOf(row('\ud800', {}))).toMatch(/must be Unicode/)
  expect(queue.stats().published).toEqual({ updates: 0, commits: 0 })
})

it('W1: one table too many is refused, and the queue goes on', async () => {
  const name = (n: number) => `${'T'.repeat(240)}_${n}`
  let published = 0
  const error = refused(() => {
    for (; published < 5000; published++) queue.publish(row(name(published), { published }))
  })
  expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
  expect(error?.message).toContain('maxTableNamesBytes')
  expect(refused(() => queue.publish([row(name(0), {}), row(name(9999), {})]))?.code).toBe(
    'LIMIT_EXCEEDED',
  )
  queue.publish(row(name(0), { last: true }))
  const { missing } = await queue.flush()
  expect(missing).toEqual([])
  expect(got.at(-1)).toContain('"last":true')
  expect(got.length).toBe(published + 1)
})

it('a list that cannot be read is refused with a code, and takes no number', () => {
  const list = new Proxy([row('A', { n: 1 })], {
    get(target, name) {
      if (name === '0') throw new RangeError('mine')
      return Reflect.get(target, name) as unknown
    },
  })
  expect(() => queue.publish(list)).toThrowError(
    expect.objectContaining({ name: 'TidingsError', code: 'VALUE_UNSUPPORTED' }),
  )
  expect(queue.publish(row('A', { n: 1 }))).toEqual({ commit: 1 })
})
