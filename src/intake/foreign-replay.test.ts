import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../base/clock.ts'
import type { Loss } from '../model/loss.ts'
import type { BatchMessage } from '../model/message.ts'
import type { ReplayRequest } from '../model/request.ts'
import type { Update } from '../model/update.ts'
import { defaultPublisherLimits } from '../publisher/publisher-limits.ts'
import { ComposedQueue } from '../queue/composed-queue.ts'
import { openUpdateQueue } from '../queue/open-update-queue.ts'
import type { QueueEvent } from '../queue/queue-event.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { defaultSubscriberLimits } from '../subscriber/subscriber-limits.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import { decodeMessage } from '../wire/frames/message-codec.ts'
import { decodeRequest } from '../wire/frames/request-codec.ts'
import { intakeRegistration } from './intake-registration.ts'

type Received = Pick<Update, 'record' | 'sequence' | 'commit' | 'foreign'> | Loss

let intake: ComposedQueue<Record<string, object>>
let subscriber: UpdateQueue
let received: Received[]
let events: QueueEvent[]
/** The next batch of the intake does not arrive. */
let losesNext: boolean
/** What did not arrive. */
let missing: BatchMessage[]
/** What the subscriber asks the intake for again. */
let asked: ReplayRequest[]

/** Each once: where the machine is busy the answer is late, and is asked for again. */
const askedRanges = (): string[] => [
  ...new Set(asked.map(({ table, from, to }) => `${table} ${from}-${to}`)),
]

beforeEach(async () => {
  ;[received, events, missing, asked] = [[], [], [], []]
  losesNext = false
  const cluster = new MemoryCluster()
  intake = new ComposedQueue({
    clock: systemClock,
    random: Math.random,
    transport: lossyTransport(cluster),
    publisherLimits: defaultPublisherLimits,
    subscriberLimits: defaultSubscriberLimits,
    drainMs: 1000,
    registration: intakeRegistration('memory', 'mesh'),
    declared: [],
    foreign: true,
  })
  await intake.open(new AbortController().signal)
  subscriber = await openUpdateQueue({
    process: 'SUBSCRIBER',
    transport: recordedTransport(cluster),
  })
  void (async () => {
    for await (const event of subscriber.status()) events.push(event)
  })()
  const { ready } = subscriber.subscribe(['TRADE'], {
    onDelivery: (delivery) => {
      if (delivery.type === 'loss') received.push(...delivery.losses)
      else
        for (const { record, sequence, commit, foreign } of delivery.updates)
          received.push({ record, sequence, commit, ...(foreign && { foreign }) })
    },
  })
  await ready
})

afterEach(() => Promise.all([subscriber.close(), intake.close()]))

function lossyTransport(cluster: MemoryCluster) {
  const transport = cluster.transport()
  const send = transport.send.bind(transport)
  transport.send = (topic, bytes) => {
    const message = decodeMessage(bytes)
    if (!losesNext || message.kind !== 'batch') return send(topic, bytes)
    losesNext = false
    missing.push(message)
  }
  return transport
}

function recordedTransport(cluster: MemoryCluster) {
  const transport = cluster.transport()
  const request = transport.request.bind(transport)
  transport.request = (frame, publishers) => {
    const read = decodeRequest(frame)
    if (read.kind === 'replay') asked.push(read)
    request(frame, publishers)
  }
  return transport
}

const publish = (...numbers: number[]) =>
  intake.publish(numbers.map((n) => ({ table: 'TRADE', kind: 'insert', record: { n } })))

const foreign = (sequence: number, commit = sequence) => ({
  record: { n: sequence },
  sequence,
  commit,
  foreign: true,
})

it('W5: a batch of foreign updates that did not arrive is asked for, and comes marked as foreign', async () => {
  publish(1)
  await expect.poll(() => received).toHaveLength(1)
  losesNext = true
  publish(2, 3)
  publish(4)
  await expect.poll(() => missing).toMatchObject([{ first: 2, count: 3, foreign: true }])
  expect(received).toHaveLength(1)
  publish(5)
  await expect.poll(() => received).toHaveLength(5)
  expect(received).toEqual([foreign(1), foreign(2), foreign(3, 2), foreign(4, 3), foreign(5, 4)])
  expect(askedRanges()).toEqual(['TRADE 2-4'])
  expect(subscriber.stats().refused).toEqual({})
})

it.each([
  ['foreign-overrun', 'foreign-overrun'],
  ['bad-json', 'malformed'],
])(
  'W5: a told loss (%s) that did not arrive is asked for, and told with its numbers as %s',
  async (why, reason) => {
    publish(1)
    await expect.poll(() => received).toHaveLength(1)
    losesNext = true
    intake.loseCommits('TRADE', 3, why)
    const lost = { first: 2, count: 3, foreign: true, unpublished: why }
    await expect.poll(() => missing).toMatchObject([lost])
    expect(received).toHaveLength(1)
    publish(5)
    await expect.poll(() => received).toHaveLength(3)
    const { identity: publisher } = intake
    const loss: Loss = {
      table: 'TRADE',
      publisher,
      from: 2,
      to: 4,
      reason: reason as Loss['reason'],
    }
    expect(received).toEqual([foreign(1), loss, foreign(5)])
    expect(askedRanges()).toEqual(['TRADE 2-4'])
    expect(subscriber.stats().refused).toEqual({ [why]: 3 })
    await expect
      .poll(() => events.filter(({ type }) => type === 'refused'))
      .toEqual([{ type: 'refused', reason: why, count: 3 }])
  },
)
