import { seededRandom } from '../../../src/base/random.ts'
import type { Request } from '../../../src/model/request.ts'
import { Publisher } from '../../../src/publisher/publisher.ts'
import { defaultPublisherLimits } from '../../../src/publisher/publisher-limits.ts'
import { Subscriber } from '../../../src/subscriber/subscriber.ts'
import { defaultSubscriberLimits } from '../../../src/subscriber/subscriber-limits.ts'
import { replyTopic, statusTopic, updateTopic } from '../../../src/model/topic.ts'
import { decodeMessage, encodeMessage } from '../../../src/wire/frames/message-codec.ts'
import { decodeRequest, encodeRequest } from '../../../src/wire/frames/request-codec.ts'
import { afterEachCall } from '../../harness/after-each-call.ts'
import type { Dice } from '../dice.ts'
import { mutateFrame } from '../frame-mutation.ts'
import { incarnations, messageFrames, requestFrame, subscriberId } from '../messages.ts'
import { Broken } from '../oracle.ts'
import type { Input, Target } from '../target.ts'
import { mutateOne, mutateSequence } from '../target.ts'

/** Milliseconds between two messages: repairs, syncs and silences come due within a few. */
const stepMs = 400

/** Of more frames than these only the end is judged, not each. */
const manyMessages = 1_000

const tables = ['TRADE', 'POSITION', '__proto__']

/** Whatever goes out has to be encoded, as the queue does it: a limit met there would end the process. */
function sendUp(request: Request): void {
  const { kind } = decodeRequest(encodeRequest(request))
  if (kind !== request.kind)
    throw new Broken(`publishers do not understand its ${request.kind}: ${kind}`)
}

function newSubscriber(): Subscriber {
  const nothing = () => {}
  const around = { hops: () => [], wallClock: () => 1 }
  const core = new Subscriber(subscriberId, defaultSubscriberLimits, seededRandom(1), around, 0)
  const subscriber = afterEachCall(core, () => {
    for (let action; (action = core.nextAction());)
      if (action.type === 'request') sendUp(action.request)
  })
  const yes = () => true
  const sink = {
    updates: nothing,
    filtered: nothing,
    losses: nothing,
    hasRoom: yes,
    isUnderHalf: yes,
    ready: nothing,
    event: nothing,
  }
  subscriber.add('*', true, sink, 0)
  subscriber.add(tables, true, sink, 0)
  return subscriber
}

/** Topic and frame of some messages. */
const pairs = (dice: Dice): Input => dice.many(1 + dice.few(5), () => messageFrames(dice)).flat()

/** So many streams, with names so long, that what is said of all of them does not fit one request. */
function crowdedPublisher(): Input {
  const [incarnation] = incarnations
  const publisher = { node: 'a', process: 'PUBLISHER', instance: '', incarnation }
  const streams = Array.from({ length: 50_000 }, (_, index) => ({
    table: `${index}`.padStart(40, 'T'),
    last: 0,
    first: 1,
    since: 1,
    ageMs: null,
  }))
  const status = statusTopic(incarnation)
  const reply = replyTopic(subscriberId)
  const hello = { kind: 'heartbeat', publisher, streams: [], confirm: false } as const
  const input: Buffer[] = []
  const add = (topic: string, message: Parameters<typeof encodeMessage>[1]) => {
    input.push(Buffer.from(topic), Buffer.from(encodeMessage('', message)))
  }
  add(status, hello)
  for (const nonce of [1, 2]) add(reply, { kind: 'vector', publisher, nonce, all: true, streams })
  add(status, { ...hello, confirm: true })
  return input
}

/** Messages that name one table as often as a frame has room for it, and a mark with as many answers. */
function repeatedNamesDown(): Input {
  const [incarnation] = incarnations
  const publisher = { node: 'a', process: 'PUBLISHER', instance: '', incarnation }
  const [table = ''] = tables
  const many = <Item>(count: number, item: Item) => Array.from({ length: count }, () => item)
  const streams = many(600_000, { table, last: 7 })
  const states = many(300_000, { table, last: 7, first: 1, since: 1, ageMs: 5 })
  const answers = many(290_000, { subscriber: subscriberId, nonce: 1 })
  const status = statusTopic(incarnation)
  const messages: [topic: string, Parameters<typeof encodeMessage>[1]][] = [
    [status, { kind: 'heartbeat', publisher, streams, confirm: false }],
    [replyTopic(subscriberId), { kind: 'vector', publisher, nonce: 1, all: true, streams: states }],
    [updateTopic(table), { kind: 'mark', publisher, table, last: 7, answers }],
    [status, { kind: 'heartbeat', publisher, streams, confirm: true }],
    [status, { kind: 'leaving', publisher, streams }],
  ]
  return messages.flatMap(([topic, message]) => [
    Buffer.from(topic),
    Buffer.from(encodeMessage('', message)),
  ])
}

/** More publishers than one request can name. */
function manyPublishers(): Input {
  const input: Buffer[] = []
  for (let place = 0; place < 70_000; place++) {
    const incarnation = place.toString(16).padStart(32, '0')
    const publisher = { node: 'a', process: 'P', instance: `${place}`, incarnation }
    const message = { kind: 'heartbeat', publisher, streams: [], confirm: false } as const
    input.push(Buffer.from(statusTopic(incarnation)), Buffer.from(encodeMessage('', message)))
  }
  return input
}

/** A subscriber with two subscriptions, and messages one after the other. */
export const subscriberTarget: Target = {
  name: 'subscriber',
  weight: 2,
  valid: pairs,
  mutate: (dice, input, other) =>
    mutateSequence(dice, input, other, 2, (dice, [topic, frame], from) => [
      topic ?? Buffer.alloc(0),
      ...mutateOne(dice, [frame ?? Buffer.alloc(0)], from.slice(1, 2), mutateFrame),
    ]),
  *heavy() {
    yield crowdedPublisher()
    yield manyPublishers()
    yield repeatedNamesDown()
  },
  run(input) {
    const subscriber = newSubscriber()
    let now = 0
    for (let at = 0; at + 1 < input.length; at += 2) {
      const message = decodeMessage(Buffer.concat(input.slice(at, at + 2)))
      if (message.kind !== 'refused') subscriber.onMessage(message, now, false)
      if (input.length > manyMessages) continue
      now += stepMs
      subscriber.tick(now)
    }
    subscriber.tick(now + stepMs)
    subscriber.tick(now + 11_000)
    return subscriber.heldBytes > 0 ? 'holds' : 'holds nothing'
  },
}

function newPublisher(): Publisher {
  const [incarnation] = incarnations
  const identity = { node: 'a', process: 'PUBLISHER', instance: '', incarnation }
  const core = new Publisher(identity, ['TRADE'], defaultPublisherLimits, 0)
  const publisher = afterEachCall(core, () => {
    if (core.hasNewRegistration) {
      core.registrationSaid()
      core.onRegistered(core.publishes, 0)
    }
    for (let next; (next = core.nextMessage());) {
      const message = decodeMessage(next.bytes)
      if (message.kind === 'refused')
        throw new Broken(`subscribers refuse its answer: ${message.reason}`)
    }
  })
  publisher.onRegistered(['TRADE'], 0)
  for (const table of tables) publisher.publish([{ table, kind: 'insert', record: { ID: 1 } }])
  publisher.endTurn(0, 1)
  return publisher
}

/** So many names, each another one. */
const differentNames = (count: number): string[] =>
  Array.from({ length: count }, (_, place) => place.toString(36).padStart(4, '0'))

const repeatedNames = (count: number): string[] => Array.from({ length: count }, () => 'A')

function syncFor(tables: readonly string[], marks: readonly string[]): Buffer {
  const asked = { kind: 'sync', nonce: 1, sinceMs: 0, tables, marks, incarnations: null } as const
  return Buffer.from(encodeRequest({ ...asked, subscriber: subscriberId }))
}

/** Gives requests to a publisher, `ms` apart; those that come at once it gathers. */
function ask(input: Input, ms: number): string {
  const publisher = newPublisher()
  let now = 0
  let outcome = 'nothing'
  for (const frame of input) {
    const request = decodeRequest(frame)
    outcome = request.kind
    if (request.kind !== 'refused') publisher.onRequest(request, now)
    now += ms
    if (ms > 0) publisher.tick(now)
  }
  for (let left = 0; left < 5; left++) publisher.tick((now += stepMs))
  return outcome
}

/** A publisher of three tables, and requests one after the other, and then the same at once. */
export const publisherTarget: Target = {
  name: 'publisher',
  weight: 2,
  valid: (dice) => dice.many(1 + dice.few(5), () => requestFrame(dice)),
  mutate: (dice, input, other) =>
    mutateSequence(dice, input, other, 1, (dice, message, from) =>
      mutateOne(dice, message, from, mutateFrame),
    ),
  *heavy() {
    // The longest list of tables that a request can name, and one as long as what answers it allows.
    for (const tables of [65_536, 200_000]) yield [syncFor(differentNames(tables), [])]
    yield [syncFor(differentNames(5_000), differentNames(5_000))]
    for (const tables of [65_536, 500_000]) yield [syncFor(repeatedNames(tables), [])]
    yield Array.from({ length: 5 }, () => syncFor([], repeatedNames(65_536)))
  },
  run(input) {
    const outcome = ask(input, stepMs)
    if (input.length > 1) ask(input, 0)
    return outcome
  },
}
