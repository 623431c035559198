import { afterEach, beforeEach, expect, it } from 'vitest'
import { ManualClock } from '../../test/harness/manual-clock.ts'
import { systemClock } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { defaultPublisherLimits } from '../publisher/publisher-limits.ts'
import { ComposedQueue } from '../queue/composed-queue.ts'
import { defaultSubscriberLimits } from '../subscriber/subscriber-limits.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import { intakeLimits } from './intake-limits.ts'
import { IntakePublisher } from './intake-publisher.ts'
import { intakeRegistration } from './intake-registration.ts'
import { Intake } from './intake.ts'

type Queue = ComposedQueue<Record<string, object>>

let cluster: MemoryCluster
let intake: Intake
let opened: Queue[]
let warnings: string[]
/** What keeps a queue from being opened. */
let gate: Promise<void>
let isOpening: boolean
let publisher: IntakePublisher
/** By which it waits until it begins anew. */
let clock: ManualClock

const never = new AbortController().signal

beforeEach(async () => {
  cluster = new MemoryCluster()
  ;[opened, warnings] = [[], []]
  gate = Promise.resolve()
  intake = await Intake.open({ clock: systemClock, refused: () => {}, warn: () => {} })
  const warn = (message: string) => warnings.push(message)
  clock = new ManualClock()
  publisher = new IntakePublisher({ clock, intake, open: openQueue, warn })
})

afterEach(async () => {
  await publisher.close(0)
  await intake.close()
})

/** One that has been opened when it hears that it need not be, as it happens between two turns. */
async function openQueue(): Promise<Queue> {
  isOpening = true
  await gate
  const queue: Queue = new ComposedQueue({
    clock: systemClock,
    random: Math.random,
    transport: cluster.transport(),
    publisherLimits: defaultPublisherLimits,
    subscriberLimits: defaultSubscriberLimits,
    drainMs: 100,
    registration: intakeRegistration('memory', 'mesh'),
    declared: [],
    foreign: true,
  })
  opened.push(await queue.open(never))
  return queue
}

/** It waits to begin anew, for as long as the limit says and no longer. */
async function beginsAnew(): Promise<void> {
  isOpening = false
  await expect.poll(() => clock.waiting).toBe(1)
  clock.moveBy(intakeLimits.reopenMs - 1)
  expect(isOpening).toBe(false)
  clock.moveBy(1)
  expect(isOpening).toBe(true)
}

it('begins anew where its queue cannot go on', async () => {
  await publisher.open(never)
  await opened[0]?.close()
  await beginsAnew()
  await expect.poll(() => opened).toHaveLength(2)
  expect(warnings).toEqual(['the intake of foreign programs begins anew: it was closed'])
})

it('leaves no queue open that was on its way when it was closed', async () => {
  await publisher.open(never)
  const { promise, resolve } = Promise.withResolvers<void>()
  gate = promise
  await opened[0]?.close()
  await beginsAnew()
  const closed = publisher.close(0)
  resolve()
  await closed
  expect(opened).toHaveLength(2)
  for (const queue of opened) expect(await queue.closed).toBeUndefined()
})

it('opens none any more once it is closed', async () => {
  await publisher.open(never)
  await publisher.close(0)
  await expect(publisher.open(never)).resolves.toBeUndefined()
  for (const queue of opened) expect(await queue.closed).toBeUndefined()
})

it('tries again where the next one cannot be opened', async () => {
  await publisher.open(never)
  gate = Promise.reject(new TidingsError('CLUSTER_UNREACHABLE', 'nobody answers'))
  gate.catch(() => {})
  await opened[0]?.close()
  await beginsAnew()
  await expect.poll(() => warnings.at(-1)).toMatch(/nobody answers/)
  gate = Promise.resolve()
  await beginsAnew()
  await expect.poll(() => opened).toHaveLength(2)
})
