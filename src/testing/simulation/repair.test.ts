import { beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import type { Loss } from '../../model/loss.ts'
import { defaultPublisherLimits } from '../../publisher/publisher-limits.ts'
import { ComposedQueue } from '../../queue/composed-queue.ts'
import { defaultSubscriberLimits } from '../../subscriber/subscriber-limits.ts'
import { messageKinds } from '../../wire/frames/envelope.ts'
import { SimulatedNetwork } from './simulated-network.ts'
import { simulatedRegistration } from './simulated-registration.ts'
import type { SimulatedProcess } from './simulated-process.ts'

interface Received {
  readonly losses: Loss[]
  updates: number
  last: number
}

/** One node in proxy mode, the bytes that leave its publishers counted by kind. */
class Stage {
  readonly bytes = { batch: 0, replay: 0, other: 0 }
  readonly network = new SimulatedNetwork({
    seed: 3,
    nodes: 1,
    mode: 'proxy',
    link: 'relay',
    forget: 0,
    watch: {
      sent: (topic, message) => {
        const kind = message[topic.length + 4]
        const size = message.byteLength
        if (kind === messageKinds.batch) this.bytes.batch += size
        else if (kind === messageKinds.replay) this.bytes.replay += size
        else this.bytes.other += size
      },
      received: () => undefined,
    },
  })
  #count = 0

  queue(limits: Partial<typeof defaultPublisherLimits> = {}) {
    const incarnation = (++this.#count).toString(16).padStart(32, '0')
    const process = this.network.addProcess(incarnation, 0)
    const queue = new ComposedQueue<{ T: { note: string; published: number } }>({
      clock: process,
      random: seededRandom(this.#count),
      transport: process,
      publisherLimits: { ...defaultPublisherLimits, ...limits },
      subscriberLimits: defaultSubscriberLimits,
      drainMs: 2000,
      registration: simulatedRegistration(incarnation, 0, 'proxy', ['T']),
      declared: [],
    })
    void queue.open(new AbortController().signal)
    return { process, queue }
  }

  subscriber(): { readonly process: SimulatedProcess; readonly received: Received } {
    const { process, queue } = this.queue()
    const received: Received = { losses: [], updates: 0, last: 0 }
    process.after(200, () =>
      queue.subscribe(['T'], {
        onDelivery: (delivery) => {
          if (delivery.type === 'loss') received.losses.push(...delivery.losses)
          else {
            received.updates += delivery.updates.length
            received.last = delivery.updates.at(-1)?.sequence ?? 0
          }
        },
      }),
    )
    return { process, received }
  }

  async pass(ms: number): Promise<void> {
    const { clock } = this.network
    for (const end = clock.now() + ms; clock.nextAt <= end;) {
      clock.step()
      await Promise.resolve()
    }
  }
}

let stage: Stage
beforeEach(() => {
  stage = new Stage()
})

describe('64 subscribers that lose the same range', () => {
  it('are repaired without a storm', async () => {
    const { process, queue } = stage.queue()
    const subscribers = Array.from({ length: 64 }, () => stage.subscriber())
    await stage.pass(3000)
    let published = 0
    const publish = (): void => {
      for (let count = 0; count < 10; count++)
        queue.publish({ table: 'T', kind: 'insert', record: { note: 'x'.repeat(200), published } })
      published += 10
      if (published < 5000) process.after(10, publish)
    }
    publish()
    await stage.pass(1000)
    const before = stage.bytes.batch
    const pipe = process.publisherPipe
    expect(pipe).not.toBeNull()
    if (pipe) pipe.dropUntil = stage.network.clock.now() + 500
    await stage.pass(500)
    const range = stage.bytes.batch - before
    await stage.pass(10_000)
    for (const { received } of subscribers)
      expect(received).toEqual({ losses: [], updates: published, last: published })
    expect(range).toBeGreaterThan(100_000)
    // Each batch comes again, without its topic.
    expect(stage.bytes.replay).toBeGreaterThanOrEqual(0.9 * range)
    expect(stage.bytes.replay / range).toBeLessThanOrEqual(3)
    expect(stage.bytes.replay / (stage.bytes.replay + stage.bytes.batch)).toBeLessThanOrEqual(0.25)
  })
})

describe('a retention that is gone before it has been replayed', () => {
  it('ends in at most two losses an episode, each exact', async () => {
    const { process, queue } = stage.queue({ retentionBytes: 64 * 1024, reserveBytes: 8 * 1024 })
    const { process: subscribing, received } = stage.subscriber()
    await stage.pass(3000)
    let published = 0
    const publish = (): void => {
      for (let count = 0; count < 50; count++)
        queue.publish({ table: 'T', kind: 'insert', record: { note: 'x'.repeat(1000), published } })
      published += 50
      if (published < 40_000) process.after(5, publish)
    }
    publish()
    const pipe = subscribing.subscriberPipe
    const episodes = 4
    for (let episode = 0; episode < episodes; episode++) {
      await stage.pass(500)
      if (pipe) pipe.dropUntil = stage.network.clock.now() + 300
      await stage.pass(400)
    }
    await stage.pass(12_000)
    const lost = received.losses.reduce((sum, { from, to }) => sum + (to ?? 0) - (from ?? 0) + 1, 0)
    expect(published).toBe(40_000)
    expect(received.last).toBe(published)
    expect(received.updates + lost).toBe(published)
    expect(received.losses.every(({ reason }) => reason === 'evicted')).toBe(true)
    expect(received.losses.length).toBeGreaterThan(0)
    expect(received.losses.length).toBeLessThanOrEqual(2 * episodes)
  })
})
