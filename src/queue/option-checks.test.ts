import { afterEach, describe, expect, it } from 'vitest'
import { TidingsError } from '../base/tidings-error.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import { openUpdateQueue } from './open-update-queue.ts'
import type { OpenOptions, SubscribeOptions } from './options.ts'
import type { NewUpdate } from '../model/update.ts'
import type { UpdateQueue } from './update-queue.ts'

const opened: UpdateQueue[] = []
afterEach(async () => {
  for (const queue of opened.splice(0)) await queue.close()
})

async function open(): Promise<UpdateQueue> {
  const transport = new MemoryCluster().transport('node-a')
  const queue = await openUpdateQueue({ process: 'A', drainMs: 0, transport })
  opened.push(queue)
  return queue
}

/** The error of the call. */
function refusal(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('the call was taken')
}

const usage = (told: string) => ({ code: 'USAGE', message: expect.stringContaining(told) })

describe('openUpdateQueue() refuses', () => {
  it.each<[unknown, string]>([
    [undefined, 'takes an object with process, script'],
    [null, 'takes an object with process, script'],
    [[], 'takes an object with process, script'],
    [{}, 'exactly one of process and script'],
    [{ process: 'A', script: 'B' }, 'exactly one of process and script'],
    [{ process: 'two words' }, 'got "two words"'],
    [{ process: 5n }, 'got 5n'],
    [{ process: 'A', instance: 2 }, 'instance must be at most 100 printable ASCII characters'],
    [{ process: 'A', port: '5' }, 'port must be a whole number from 1 to 55535, got "5"'],
    [{ process: 'A', port: 9000.5 }, 'port must be a whole number from 1 to 55535, got 9000.5'],
    [{ process: 'A', port: 55_536 }, 'port must be a number from 1 to 55535, got 55536'],
    [{ script: 'A', port: 9000 }, 'a script has no port'],
    [{ process: 'A', retensions: {} }, 'has no option "retensions"; did you mean "retention"?'],
    [{ process: 'A', retention: 5 }, 'retention takes an object with bytes, ageMs, got 5'],
    [{ process: 'A', retention: { byte: 1 } }, 'no option "byte"; did you mean "bytes"?'],
    [{ process: 'A', retention: { ageMs: Number.NaN } }, 'retention.ageMs must be a number'],
    [{ process: 'A', drainMs: -1 }, 'drainMs must be a number from 0 to 3600000, got -1'],
    [{ process: 'A', publishes: 'TRADE' }, 'publishes must be a list of tables'],
    [{ process: 'A', publishes: [''] }, 'publishes must be a list of tables'],
    [{ process: 'A', definition: 5 }, 'definition must be a file, a list of files'],
    [{ process: 'A', services: {} }, 'services must be a file or a list of files, got {}'],
    [{ process: 'A', system: 5 }, 'system must be a string, got 5'],
    [{ process: 'A', host: ['h'] }, 'host must be a string, got ["h"]'],
    [{ process: 'A', transport: {} }, 'transport must be one of MemoryCluster'],
    [{ process: 'A', signal: 'now' }, 'signal must be an AbortSignal, got "now"'],
  ])('%o', async (options, told) => {
    await expect(openUpdateQueue(options as OpenOptions)).rejects.toMatchObject(usage(told))
  })
})

describe('subscribe() refuses tables that no request could name', () => {
  const names = Array.from({ length: 2_000 }, (_, n) => `${'N'.repeat(250)}${n}`.slice(-254))
  it.each([
    ['a name that is too long as a topic', 'Ж'.repeat(43), 'maxTableNameBytes'],
    ['names that are too much together', names, 'maxSubscriptionBytes'],
  ])('%s', async (_, tables, limit) => {
    const queue = await openUpdateQueue({
      process: 'T',
      transport: new MemoryCluster().transport(),
    })
    const refused = expect.objectContaining({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining(limit) as string,
    }) as Error
    expect(() => queue.subscribe(tables)).toThrow(refused)
    await queue.close()
  })
})

describe('subscribe() refuses', () => {
  it.each<[unknown, string]>([
    [5, 'subscribe() takes table names'],
    [undefined, 'subscribe() takes table names'],
    [[], 'subscribe() takes table names'],
    [['TRADE', ''], 'subscribe() takes table names'],
    ['', 'subscribe() takes table names'],
  ])('the tables %o', async (tables, told) => {
    const queue = await open()
    expect(refusal(() => queue.subscribe(tables as string))).toMatchObject(usage(told))
  })

  it.each<[unknown, string]>([
    [null, 'subscribe() takes an object with onDelivery'],
    [{ ondelivery: () => {} }, 'no option "ondelivery"; did you mean "onDelivery"?'],
    [{ onDelivery: 'x' }, 'onDelivery must be a function, got "x"'],
    [{ own: 'no' }, 'own must be true or false, got "no"'],
    [{ limit: 5 }, 'limit takes an object with updates, bytes, got 5'],
    [{ limit: { update: 5 } }, 'limit has no option "update"; did you mean "updates"?'],
    [{ limit: { updates: 0 } }, 'limit.updates must be a number from 1'],
    [{ limit: { bytes: 1.5 } }, 'limit.bytes must be a whole number from 1'],
    [{ whenSlow: 'drop' }, "whenSlow must be 'repair', 'conflate' or 'fail', got \"drop\""],
    [{ whenSlow: 'conflate' }, 'needs key'],
    [{ key: 'ID' }, "key is for whenSlow: 'conflate'"],
    [{ signal: {} }, 'signal must be an AbortSignal'],
  ])('the options %o', async (options, told) => {
    const queue = await open()
    expect(refusal(() => queue.subscribe('TRADE', options as SubscribeOptions))).toMatchObject(
      usage(told),
    )
  })

  it('a second iterator of a subscription, as long as the first goes on', async () => {
    const queue = await open()
    const trades = queue.subscribe('TRADE')
    const next = trades[Symbol.asyncIterator]().next()
    expect(refusal(() => trades[Symbol.asyncIterator]())).toMatchObject(usage('one iterator'))
    await trades.stop()
    expect(await next).toEqual({ done: true, value: undefined })
    for await (const delivery of trades) throw new Error(`it was stopped: ${delivery.type}`)
  })
})

describe('publish() refuses', () => {
  const whole = { table: 'TRADE', kind: 'insert', record: { A: 1 } }

  it.each<[unknown, { code: string; message: unknown }]>([
    [undefined, usage('publish() takes an update')],
    [5, usage('or a list of them, got 5')],
    [[null], usage('or a list of them, got null')],
    [[], usage('a commit needs an update')],
    [Array.from({ length: 2000 }, () => null), usage('or a list of them, got null')],
    [
      { kind: 'insert', record: {} },
      usage('`table` must be a string that is not empty, got undefined'),
    ],
    [{ ...whole, table: 5 }, usage('`table` must be a string that is not empty, got 5')],
    [
      { ...whole, kind: 'update' },
      usage("`kind` must be 'insert', 'modify' or 'delete', got \"update\""),
    ],
    [{ ...whole, befor: {} }, usage('no field "befor"; did you mean "before"?')],
    [
      { table: 'TRADE', kind: 'insert' },
      { code: 'VALUE_UNSUPPORTED', message: expect.stringContaining('got undefined') },
    ],
    [
      { ...whole, version: 5 },
      {
        code: 'VALUE_UNSUPPORTED',
        message:
          'an update of TRADE: `version` must be a signed 64-bit bigint, got 5 [VALUE_UNSUPPORTED]',
      },
    ],
    [
      { ...whole, version: 2n ** 63n },
      { code: 'VALUE_UNSUPPORTED', message: expect.stringContaining('got 9223372036854775808n') },
    ],
    [
      { ...whole, record: { A: new Map([[1, 2]]) } },
      { code: 'VALUE_UNSUPPORTED', message: expect.stringContaining('Map') },
    ],
    [
      { ...whole, record: { A: { B: new Set([1]) } } },
      { code: 'VALUE_UNSUPPORTED', message: expect.stringContaining('Set') },
    ],
  ])('%o, as the first and as a later publish', async (updates, told) => {
    const queue = await open()
    const publish = () => queue.publish(updates as NewUpdate)
    expect(refusal(publish)).toMatchObject(told)
    expect(refusal(publish)).toBeInstanceOf(TidingsError)
    expect(queue.publish(whole as NewUpdate)).toEqual({ commit: 1 })
    expect(refusal(publish)).toMatchObject(told)
    expect(queue.stats().published).toEqual({ updates: 1, commits: 1 })
  })
})

it('flush() and drain() refuse what is no signal, and a drain that is aborted before it begins ends', async () => {
  const queue = await open()
  await expect(queue.flush({ signal: 5 as never })).rejects.toMatchObject(usage('AbortSignal'))
  await expect(queue.drain({ timeout: 5 } as never)).rejects.toMatchObject(usage('"timeout"'))
  await queue.drain({ signal: AbortSignal.abort() })
  expect(await queue.closed).toBeUndefined()
})
