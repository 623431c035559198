import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { XPublisher } from 'zeromq'
import { ManualClock } from '../../test/harness/manual-clock.ts'
import { systemClock } from '../base/clock.ts'
import { randomId } from '../base/random.ts'
import type { Loss } from '../model/loss.ts'
import type { Update } from '../model/update.ts'
import { defaultPublisherLimits } from '../publisher/publisher-limits.ts'
import { ComposedQueue } from '../queue/composed-queue.ts'
import { openUpdateQueue } from '../queue/open-update-queue.ts'
import type { QueueEvent } from '../queue/queue-event.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { defaultSubscriberLimits } from '../subscriber/subscriber-limits.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import { intakeLimits } from './intake-limits.ts'
import { intakeRegistration } from './intake-registration.ts'
import { Intake } from './intake.ts'
import { publisherHandshake } from './zmtp.ts'

type Received = Pick<Update, 'record' | 'sequence' | 'commit' | 'foreign'> | { loss: Loss }
type Refusal = readonly [table: string | null, reason: string, count: number, path?: string]

const incarnation = randomId()
let cluster: MemoryCluster
let intake: Intake
let numbered: ComposedQueue<Record<string, object>>
let subscriber: UpdateQueue
let program: XPublisher
let refusals: Refusal[]
let warnings: string[]
let received: Received[]
/** What the intake takes for the time; null: what it is. */
let time: ManualClock | null
let sockets: Socket[]
let events: QueueEvent[]

beforeEach(async () => {
  cluster = new MemoryCluster()
  ;[refusals, warnings, received, events, sockets] = [[], [], [], [], []]
  time = null
  intake = await Intake.open({
    clock: {
      ...systemClock,
      now: () => (time ?? systemClock).now(),
      after: (ms, run) => (time ?? systemClock).after(ms, run),
    },
    waitingBytes: 4096,
    refused: (table, reason, count, path) =>
      refusals.push(path === undefined ? [table, reason, count] : [table, reason, count, path]),
    warn: (message) => warnings.push(message),
  })
  numbered = new ComposedQueue({
    clock: systemClock,
    random: Math.random,
    transport: cluster.transport(),
    publisherLimits: defaultPublisherLimits,
    subscriberLimits: defaultSubscriberLimits,
    drainMs: 1000,
    registration: { ...intakeRegistration('memory', 'mesh'), incarnation },
    declared: [],
    foreign: true,
  })
  await numbered.open(new AbortController().signal)
  subscriber = await openUpdateQueue({ process: 'SUBSCRIBER', transport: cluster.transport() })
  void (async () => {
    for await (const event of subscriber.status()) events.push(event)
  })()
  const { endpoint, user, password } = await intake.foreignAt()
  program = new XPublisher({
    immediate: true,
    linger: 0,
    sendHighWaterMark: 0,
    plainUsername: user,
    plainPassword: password,
  })
  program.connect(endpoint)
  expect((await program.receive()).map(String)).toEqual(['\x01update/'])
})

afterEach(async () => {
  program.close()
  for (const socket of sockets) socket.destroy()
  await Promise.all([subscriber.close(), numbered.close(), intake.close()])
})

async function subscribe(tables: string[]): Promise<void> {
  const subscription = subscriber.subscribe(tables, {
    onDelivery: (delivery) => {
      if (delivery.type === 'loss') for (const loss of delivery.losses) received.push({ loss })
      else
        for (const { record, sequence, commit, foreign } of delivery.updates)
          received.push({ record, sequence, commit, ...(foreign && { foreign }) })
    },
  })
  await subscription.ready
}

const send = (table: string, json: unknown) =>
  program.send(`update/${table}/${typeof json === 'string' ? json : JSON.stringify(json)}`)
const insert = (n: number) => ({ kind: 'insert', record: { n } })

/** From now on time goes by only where a test lets it, however busy the machine is. */
function stopTime(): ManualClock {
  time = new ManualClock(systemClock.now())
  return time
}

/** What has been sent within this process has been heard by then: none of it takes more than a few turns. */
async function fewTurns(): Promise<void> {
  for (let n = 0; n < 10; n++) await nextTurn()
}

/** Lets time go by until it has left, a millisecond each turn. */
async function drain(ms: number, clock: ManualClock): Promise<void> {
  let isDrained = false
  void intake.drain(ms).then(() => (isDrained = true))
  for (; !isDrained; await nextTurn()) clock.moveBy(1)
}

it('W5: is delivered in order, numbered by the intake and marked as foreign', async () => {
  intake.leadTo(numbered)
  await subscribe(['TRADE'])
  await send('TRADE', insert(1))
  await program.send(['update/TRADE/', JSON.stringify([insert(2), insert(3)])])
  await send('OTHER', insert(0))
  await send('TRADE', insert(4))
  await expect.poll(() => received).toHaveLength(4)
  expect(received).toEqual([
    { record: { n: 1 }, sequence: 1, commit: 1, foreign: true },
    { record: { n: 2 }, sequence: 2, commit: 2, foreign: true },
    { record: { n: 3 }, sequence: 3, commit: 2, foreign: true },
    { record: { n: 4 }, sequence: 4, commit: 4, foreign: true },
  ])
})

it('W5: what cannot be read is told as a loss in its place, and as refused', async () => {
  intake.leadTo(numbered)
  await subscribe(['TRADE'])
  const wide = '{"kind":"insert","record":{"ID":9223372036854775808}}'
  for (const json of [insert(1), '{"kind":', { kind: 'upsert' }, wide, insert(2)])
    await send('TRADE', json)
  await program.send('update/no table')
  await send('TRADE', { kind: 'insert', record: { text: 'x'.repeat(3000) } })
  await expect.poll(() => received).toHaveLength(6)
  const lost = (sequence: number): Loss => {
    const publisher = numbered.identity
    return { table: 'TRADE', publisher, from: sequence, to: sequence, reason: 'malformed' }
  }
  expect(received.slice(0, 5)).toEqual([
    { record: { n: 1 }, sequence: 1, commit: 1, foreign: true },
    { loss: lost(2) },
    { loss: lost(3) },
    { loss: lost(4) },
    { record: { n: 2 }, sequence: 5, commit: 5, foreign: true },
  ])
  expect(refusals).toEqual([
    ['TRADE', 'bad-json', 1],
    ['TRADE', 'bad-update', 1],
    ['TRADE', 'bad-number', 1, 'record.ID'],
    [null, 'bad-topic', 1],
  ])
  expect(subscriber.stats().refused).toEqual({ 'bad-json': 1, 'bad-update': 1, 'bad-number': 1 })
  expect(events.filter(({ type }) => type === 'refused')).toEqual([
    { type: 'refused', reason: 'bad-json', count: 1 },
    { type: 'refused', reason: 'bad-update', count: 1 },
    { type: 'refused', reason: 'bad-number', count: 1 },
  ])
})

it('W5: what comes beyond the bytes that may wait is an exact loss of each table, in its place', async () => {
  await subscribe(['TRADE', 'OTHER'])
  const text = 'x'.repeat(1500)
  const large = (n: number) => ({ kind: 'insert', record: { n, text } })
  for (const n of [1, 2, 3, 4]) await send('TRADE', large(n))
  await send('OTHER', large(5))
  await expect.poll(() => intake.overrun).toBe(3)
  const told = (table: string): number =>
    refusals.reduce((sum, [name, , count]) => sum + (name === table ? count : 0), 0)
  expect([told('TRADE'), told('OTHER')]).toEqual([2, 1])
  intake.leadTo(numbered)
  await expect.poll(() => received.length).toBeGreaterThanOrEqual(4)
  await send('TRADE', insert(6))
  await expect.poll(() => received).toHaveLength(5)
  const { identity: publisher } = numbered
  const reason = 'foreign-overrun'
  expect(received).toMatchObject([
    { record: { n: 1 }, sequence: 1 },
    { record: { n: 2 }, sequence: 2 },
    { loss: { table: 'TRADE', publisher, from: 3, to: 4, reason } },
    { loss: { table: 'OTHER', publisher, from: 1, to: 1, reason } },
    { record: { n: 6 }, sequence: 5 },
  ])
  expect([told('TRADE'), told('OTHER')]).toEqual([2, 1])
})

it('hands on what has come when it ends, and hears no more', async () => {
  intake.leadTo(numbered)
  await subscribe(['TRADE'])
  await send('TRADE', insert(1))
  await expect.poll(() => received).toHaveLength(1)
  const told = program.receive()
  await intake.drain(1000)
  expect((await told).map(String)).toEqual(['\x00update/'])
})

it('W5: what it cannot hand on before it ends is told as lost', async () => {
  intake.leadTo(numbered)
  await subscribe(['TRADE', 'OTHER'])
  const clock = stopTime()
  await send('TRADE', insert(1))
  await expect.poll(() => received).toHaveLength(1)
  await send('OTHER', insert(2))
  await send('OTHER', insert(3))
  // Whatever of them is here by then.
  await drain(0, clock)
  const lost = () => received.flatMap((each) => ('loss' in each ? [each.loss] : []))
  await expect.poll(() => lost().map(({ table }) => table)).toContain('TRADE')
  expect(lost().find(({ table }) => table === 'TRADE')).toMatchObject({
    from: 2,
    to: 2,
    reason: 'foreign-overrun',
  })
})

/** Nothing is read meanwhile; what the program has sent leaves by a thread of its own. */
const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/** One that has sent before it learns that nothing is wanted any more: a socket of ZeroMQ would drop it. */
async function hastyProgram() {
  const { endpoint, password } = await intake.foreignAt()
  const { port } = new URL(endpoint)
  const socket = connect(Number(port), '127.0.0.1')
  sockets.push(socket)
  let heard = ''
  socket.on('data', (piece: Buffer) => (heard += piece.latin1Slice()))
  socket.write(publisherHandshake(password))
  await expect.poll(() => heard).toContain('\x01update/')
  return {
    isUnwanted: () => heard.includes('\0update/'),
    send(table: string, json: object): void {
      const body = Buffer.from(`update/${table}/${JSON.stringify(json)}`)
      socket.write(Buffer.concat([Buffer.from([0, body.length]), body]))
    },
  }
}

it('W5: what comes while the event loop stands still is handed on before it leaves', async () => {
  intake.leadTo(numbered)
  await subscribe(['TRADE'])
  const hasty = await hastyProgram()
  const clock = stopTime()
  const drained = intake.drain(intakeLimits.drainMs).then(() => intake.leadTo(null))
  while (!hasty.isUnwanted()) await nextTurn()
  hasty.send('TRADE', insert(1))
  standStill(100)
  clock.moveBy(2 * intakeLimits.settleMs)
  await fewTurns()
  clock.moveBy(intakeLimits.settleMs)
  await drained
  await expect.poll(() => received).toHaveLength(1)
  expect(received).toEqual([{ record: { n: 1 }, sequence: 1, commit: 1, foreign: true }])
})

it('W5: when it leaves it wants what comes until no program has published for a while', async () => {
  intake.leadTo(numbered)
  await subscribe(['TRADE'])
  const hasty = await hastyProgram()
  const clock = stopTime()
  hasty.send('TRADE', insert(1))
  await expect.poll(() => received).toHaveLength(1)
  const drained = intake.drain(intakeLimits.drainMs)
  await fewTurns()
  clock.moveBy(intakeLimits.quietMs - 1)
  await fewTurns()
  expect(hasty.isUnwanted()).toBe(false)
  hasty.send('TRADE', insert(2))
  await expect.poll(() => received).toHaveLength(2)
  clock.moveBy(intakeLimits.quietMs - 1)
  await fewTurns()
  expect(hasty.isUnwanted()).toBe(false)
  clock.moveBy(1)
  await expect.poll(hasty.isUnwanted).toBe(true)
  clock.moveBy(intakeLimits.settleMs)
  await drained
  expect(received).toHaveLength(2)
})

it('W5: a program that goes on publishing while it leaves: one more in each of its tables is told as lost', async () => {
  intake.leadTo(numbered)
  await subscribe(['TRADE', 'BROKEN'])
  const clock = stopTime()
  // Of this table nothing waits when the rest is let go: what is told of it then is the one more.
  await send('BROKEN', '{')
  const toldOf = (table: string) =>
    received.filter((each) => ('loss' in each ? each.loss.table : 'TRADE') === table)
  await expect.poll(() => toldOf('BROKEN')).toMatchObject([{ loss: { reason: 'malformed' } }])
  let goesOn = true
  const publishing = (async () => {
    for (; goesOn; await nextTurn()) await send('TRADE', insert(1))
  })()
  await expect.poll(() => toldOf('TRADE').length).toBeGreaterThan(2)
  await drain(intakeLimits.quietMs, clock)
  goesOn = false
  await publishing
  for (const table of ['TRADE', 'BROKEN']) {
    await expect
      .poll(() => toldOf(table).at(-1))
      .toMatchObject({ loss: { reason: 'foreign-overrun' } })
    // Whatever was handed on, and whatever came too late for that: one range behind the other, from 1.
    let next = 1
    for (const each of toldOf(table)) {
      const from = 'loss' in each ? each.loss.from : each.sequence
      expect(from).toBe(next)
      next = Number('loss' in each ? each.loss.to : each.sequence) + 1
    }
  }
  expect(toldOf('BROKEN').at(-1)).toMatchObject({ loss: { from: 2, to: 2 } })
})

it('W5: a message of too many frames or bytes is a loss in its place, and the connection goes on', async () => {
  intake.leadTo(numbered)
  await subscribe(['TRADE', 'OTHER'])
  const large = Buffer.alloc(9 * 1024 * 1024, 0x20)
  await send('TRADE', insert(1))
  await program.send(['update/TRADE/', '{}', '{}', '{}'])
  await send('TRADE', insert(2))
  await program.send(['update/OTHER/', large, large])
  await send('OTHER', insert(3))
  await expect.poll(() => received).toHaveLength(5)
  const lost = { loss: { reason: 'malformed' } }
  expect(received).toMatchObject([
    { record: { n: 1 }, sequence: 1 },
    { loss: { ...lost.loss, table: 'TRADE', from: 2, to: 2 } },
    { record: { n: 2 }, sequence: 3 },
    { loss: { ...lost.loss, table: 'OTHER', from: 1, to: 1 } },
    { record: { n: 3 }, sequence: 2 },
  ])
  expect(refusals).toEqual([
    ['TRADE', 'bad-frames', 1],
    ['OTHER', 'too-large', 1],
  ])
  expect(warnings).toEqual([])
})

it('W5: what a connection that ended may have held is a loss of every table, and so is what is published until it is back', async () => {
  intake.leadTo(numbered)
  await subscribe(['TRADE', 'OTHER'])
  await send('TRADE', insert(1))
  await send('OTHER', insert(1))
  await expect.poll(() => received).toHaveLength(2)
  await program.send(['update/TRADE/', Buffer.alloc(16 * 1024 * 1024 + 1, 0x20)])
  expect((await program.receive()).map(String)).toEqual(['\x00update/'])
  expect((await program.receive()).map(String)).toEqual(['\x01update/'])
  await expect.poll(() => received).toHaveLength(6)
  await send('TRADE', insert(2))
  await expect.poll(() => received).toHaveLength(7)
  const lost = (table: string, sequence: number) => ({
    loss: { table, from: sequence, to: sequence, reason: 'foreign-overrun' },
  })
  expect(received.slice(2)).toMatchObject([
    lost('TRADE', 2),
    lost('OTHER', 2),
    lost('TRADE', 3),
    lost('OTHER', 3),
    { record: { n: 2 }, sequence: 4 },
  ])
  expect(warnings).toEqual([expect.stringMatching(/has ended: a frame of 16777217 bytes;/)])
})

it('what is no bus and ends is told to the operator alone, once in a while', async () => {
  intake.leadTo(numbered)
  await subscribe(['TRADE'])
  await send('TRADE', insert(1))
  const { port } = new URL((await intake.foreignAt()).endpoint)
  for (const text of ['GET / HTTP/1.1', 'x'.repeat(100), 'y'.repeat(100)]) {
    const stranger = connect(Number(port), '127.0.0.1')
    stranger.end(text)
    await once(stranger.resume(), 'close')
  }
  await send('TRADE', insert(2))
  await expect.poll(() => received).toHaveLength(2)
  expect(received).toMatchObject([{ record: { n: 1 } }, { record: { n: 2 } }])
  expect(warnings).toEqual([expect.stringMatching(/ended before its handshake did/)])
})
