import type { Message } from '../../src/model/message.ts'
import { Publisher } from '../../src/publisher/publisher.ts'
import { defaultPublisherLimits } from '../../src/publisher/publisher-limits.ts'
import { decodeMessage } from '../../src/wire/frames/message-codec.ts'
import { afterEachCall } from './after-each-call.ts'
import { identity, incarnation, subscriber } from './pair.ts'

/** A publisher and all that it sends, decoded. */
export class RecordedPublisher {
  readonly publisher: Publisher
  sent: { topic: string; message: Message; at: number }[] = []
  /** What the registration said each time it changed. */
  readonly registered: { state: string; publishes: readonly string[] }[] = []
  now = 0
  /** GENESIS_CLUSTER takes every registration at once. */
  isAnswered: boolean

  constructor(
    limits: Partial<typeof defaultPublisherLimits> = {},
    declared: readonly string[] = ['A'],
    isRegistered = true,
  ) {
    this.isAnswered = isRegistered
    const publisher = new Publisher(identity, declared, { ...defaultPublisherLimits, ...limits }, 0)
    this.publisher = afterEachCall(publisher, () => this.#proceed(publisher))
    if (isRegistered) this.publisher.onRegistered(declared, 0)
  }

  #proceed(publisher: Publisher): void {
    if (publisher.hasNewRegistration) {
      publisher.registrationSaid()
      const { state, publishes } = publisher
      this.registered.push({ state, publishes })
      if (this.isAnswered) publisher.onRegistered(publishes, this.now)
    }
    for (let next; (next = publisher.nextMessage());) {
      const message = decodeMessage(next.bytes)
      if (message.kind === 'refused') throw new Error(message.kind)
      this.sent.push({ topic: next.topic, message, at: this.now })
    }
  }

  of<Kind extends Message['kind']>(kind: Kind): Extract<Message, { kind: Kind }>[] {
    return this.sent.flatMap(({ message }) =>
      message.kind === kind ? [message as Extract<Message, { kind: Kind }>] : [],
    )
  }

  /** So many commits of one update, each a parcel of its own. */
  publish(count: number, table = 'A', note = ''): void {
    for (let index = 0; index < count; index++) {
      this.publisher.publish({ table, kind: 'insert', record: { note } })
      this.publisher.closeTurn(this.now, this.now)
    }
  }

  sync(tables: readonly string[] | '*', nonce = 1, asker = subscriber, sinceMs = 0): void {
    this.publisher.onRequest(
      {
        kind: 'sync',
        subscriber: asker,
        nonce,
        sinceMs,
        tables,
        marks: tables,
        incarnations: null,
      },
      this.now,
    )
  }

  replay(from: number, to: number, table = 'A', asker = subscriber): void {
    this.publisher.onRequest(
      { kind: 'replay', subscriber: asker, nonce: 9, incarnation, table, from, to },
      this.now,
    )
  }

  /** Time goes by in steps of 10 ms. */
  pass(ms: number): this {
    for (const end = this.now + ms; this.now < end;) {
      this.now += 10
      this.publisher.tick(this.now)
    }
    return this
  }
}
