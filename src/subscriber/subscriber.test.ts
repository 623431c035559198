import { beforeEach, describe, expect, it } from 'vitest'
import { decodeMessage } from '../wire/frames/message-codec.ts'
import { identity, subscriber as id } from '../../test/harness/pair.ts'
import { SubscriberStage } from '../../test/harness/subscriber-stage.ts'

let stage: SubscriberStage

beforeEach(() => {
  stage = new SubscriberStage()
})

describe('two subscriptions to one table', () => {
  it('D21: have rooms of their own: the slow one does not hold up the other', () => {
    const [fast, slow] = [stage.subscribe(), stage.subscribe()]
    stage.pass(1000)
    slow.hasRoom = false
    stage.publish(5)
    stage.deliver()
    expect(fast.received).toEqual([1, 2, 3, 4, 5])
    expect(slow.received).toEqual([])
    slow.hasRoom = true
    stage.subscriber.onConsumed(slow.subscription, stage.now)
    stage.pass(1000)
    expect(slow.received).toEqual([1, 2, 3, 4, 5])
  })

  it('D19: confirm what both of them have', () => {
    const [fast, slow] = [stage.subscribe(), stage.subscribe()]
    stage.pass(1000)
    slow.keeps = true
    stage.publish(3)
    stage.publisher.flush(stage.now, stage.now, 60_000, () => undefined)
    stage.deliver()
    expect(fast.received).toEqual(slow.received)
    expect(stage.kindsOf('confirm').at(-1)).toMatchObject({ streams: [{ table: 'A', last: 0 }] })
    slow.take()
    stage.subscriber.onConsumed(slow.subscription, stage.now)
    expect(stage.kindsOf('confirm').at(-1)).toMatchObject({ streams: [{ table: 'A', last: 3 }] })
  })

  it('D19: confirm nothing before they are ready, and then at once', () => {
    stage.publish(3)
    const one = stage.subscribe()
    const isMark = (message: Uint8Array) => decodeMessage(message).kind === 'mark'
    // Its vector is here and its marks are not: it has a base behind what was published.
    stage.pass(400, isMark)
    stage.publisher.flush(stage.now, stage.now, 60_000, () => undefined)
    stage.pass(400, isMark)
    const confirmed = () =>
      stage.asked.flatMap((request) => (request.kind === 'confirm' ? request.streams : []))
    expect(one.subscription.isReady).toBe(false)
    expect(confirmed()).toEqual([])
    stage.pass(3000)
    expect(one.subscription.isReady).toBe(true)
    expect(confirmed().at(-1)).toEqual({ table: 'A', last: 3 })
  })

  it('W1: subscribe to a topic once, and leave it with the last of them', () => {
    const [one, two] = [stage.subscribe(), stage.subscribe(['A', 'B'])]
    expect(stage.topics.filter((topic) => topic === '+table/A/')).toHaveLength(1)
    stage.subscriber.remove(one.subscription)
    expect(stage.topics).not.toContain('-table/A/')
    stage.subscriber.remove(two.subscription)
    expect(stage.topics).toContain('-table/A/')
    expect(stage.topics).toContain(`-reply/${id}/`)
  })
})

describe('two subscriptions to two tables', () => {
  it('D20: a publisher that one of them hears is not gone to the other', () => {
    const [busy, quiet] = [stage.subscribe(['A']), stage.subscribe(['B'])]
    stage.pass(1000)
    for (let second = 0; second < 20; second++) {
      stage.publish(1)
      // Its heartbeats and answers are lost on the way.
      const arrived = stage.messages
        .splice(0)
        .filter((each) => Buffer.from(each).includes('table/A/'))
      for (const each of arrived) stage.take(each)
      for (const end = stage.now + 1000; stage.now < end;) stage.subscriber.tick((stage.now += 50))
      stage.requests.length = 0
    }
    expect(busy.received.length).toBe(20)
    const told = quiet.events.map(({ type }) => type)
    expect(told).toContain('publisher-stalled')
    expect(told).not.toContain('publisher-gone')
    expect(quiet.losses).toEqual([])
    for (const end = stage.now + 11_000; stage.now < end;) stage.subscriber.tick((stage.now += 50))
    expect(quiet.events.map(({ type }) => type)).toContain('publisher-gone')
  })
})

describe('the budget of held bytes', () => {
  it('D21: is one for all subscriptions of a process, and costs no update', () => {
    stage = new SubscriberStage({ heldBytes: 2000 })
    const applications = [stage.subscribe(), stage.subscribe(), stage.subscribe()]
    stage.pass(1000)
    stage.publish(60)
    const parts = stage.messages.splice(0)
    for (const part of parts.slice(1)) {
      stage.take(part)
      expect(stage.subscriber.heldBytes).toBeLessThanOrEqual(2000)
    }
    stage.pass(10_000)
    const all = Array.from({ length: 60 }, (_, index) => index + 1)
    for (const { received } of applications) expect(received).toEqual(all)
  })

  it('D21: is left first by whoever holds most: what waits for a slow application costs others nothing', () => {
    stage = new SubscriberStage({ heldBytes: 2000 })
    const [slow, fast] = [stage.subscribe(), stage.subscribe()]
    stage.pass(1000)
    slow.hasRoom = false
    stage.publish(20)
    stage.deliver()
    stage.publish(1)
    stage.messages = []
    stage.publish(4)
    stage.deliver()
    // Behind the one that is missing it holds the other four: one replay is enough.
    expect(fast.subscription.heldBytes).toBeGreaterThan(4 * 100)
    expect(stage.subscriber.heldBytes).toBeLessThanOrEqual(2000)
  })
})

describe('this process itself', () => {
  it('D24: takes its own updates from itself, not from the network, and only where they are wanted', () => {
    const mine = stage.newPublisher({ ...identity, incarnation: id })
    mine.onRegistered(['A'], 0)
    const [wants, wantsNone] = [stage.subscribe(), stage.subscribe(['A'], false)]
    const turn = (isOwn: boolean): void => {
      stage.now += 50
      stage.subscriber.tick(stage.now)
      for (const request of stage.requests.splice(0)) mine.onRequest(request, stage.now)
      mine.tick(stage.now)
      for (const each of stage.messages.splice(0)) stage.take(each, isOwn)
    }
    for (let index = 0; index < 20; index++) turn(true)
    mine.publish({ table: 'A', kind: 'insert', record: {} })
    mine.endTurn(stage.now, stage.now)
    turn(false)
    expect(wants.received).toEqual([])
    for (let index = 0; index < 40; index++) turn(true)
    expect(wants.received).toEqual([1])
    expect(wantsNone.received).toEqual([])
  })

  it('D14: charges nobody for the time in which it stood still', () => {
    const application = stage.subscribe()
    stage.pass(1000)
    stage.now += 11_000
    stage.subscriber.tick(stage.now)
    expect(application.losses).toEqual([])
    expect(application.events).toEqual([])
  })

  it('D14: asks everybody when a connection was made again', () => {
    stage.subscribe()
    stage.pass(1000)
    const before = stage.kindsOf('sync').length
    stage.pass(3000)
    expect(stage.kindsOf('sync')).toHaveLength(before)
    stage.subscriber.onReconnected(stage.now)
    stage.pass(50)
    expect(stage.kindsOf('sync')).toHaveLength(before + 1)
  })
})
