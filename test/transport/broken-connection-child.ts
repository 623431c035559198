/**
 * A subscriber has begun to take a message of one publisher when the connection breaks; another
 * publisher goes on. Both are set up as every process is. Prints how many messages of the other one
 * arrived.
 */
import { XSubscriber } from 'zeromq'
import { systemClock } from '../../src/base/clock.ts'
import { statusTopic } from '../../src/model/topic.ts'
import { AccessList, loopbackAddresses } from '../../src/sockets/access-list.ts'
import { PublishingSocket } from '../../src/transport/zeromq/connections/publishing-socket.ts'
import { Refusals } from '../../src/transport/refusals.ts'
import { connectingXsub } from '../../src/sockets/socket-options.ts'
import { encodeMessage } from '../../src/wire/frames/message-codec.ts'
import { eventually } from '../harness/eventually.ts'
import { freePorts } from '../harness/loopback.ts'
import { decodeFrames } from '../harness/frames.ts'

const messages = 20
const nothing = (): void => undefined

const access = await AccessList.open(nothing)
access.load(loopbackAddresses)

/** A publisher that knows when a request has reached it: what was said before it has, too. */
class Heard {
  readonly socket: PublishingSocket
  readonly #incarnation: string
  isAsked = false

  constructor(incarnation: string) {
    this.#incarnation = incarnation
    this.socket = new PublishingSocket(access.domain, null, systemClock, new Refusals(), {
      request: () => (this.isAsked = true),
      probe: nothing,
      connected: nothing,
      disconnected: nothing,
      renewed: nothing,
      refused: nothing,
      failed: nothing,
    })
  }

  get topic(): string {
    return statusTopic(this.#incarnation)
  }

  send(): void {
    const publisher = { node: 'n', process: 'P', instance: '', incarnation: this.#incarnation }
    const heartbeat = { kind: 'heartbeat', publisher, streams: [], confirm: false } as const
    for (let sent = 0; sent < messages; sent++)
      this.socket.send(encodeMessage(this.topic, heartbeat))
  }
}

const [broken, other] = [new Heard('a'.repeat(32)), new Heard('b'.repeat(32))]
const subscriber = new XSubscriber(connectingXsub())
let isBroken = false
subscriber.events.on('disconnect', () => (isBroken = true))
for (const [index, port] of (await freePorts('127.0.0.1', 2)).entries()) {
  await (index === 0 ? broken : other).socket.bind('127.0.0.1', port, 'a test')
  subscriber.connect(`tcp://127.0.0.1:${port}`)
}
await eventually('both have the subscriptions', async () => {
  for (const frame of [`\x01${broken.topic}`, `\x01${other.topic}`, '\x02'])
    await subscriber.send(frame).catch(nothing)
  return broken.isAsked && other.isAsked
})

broken.send()
// An XSUB that is only asked whether there is a message takes its first frame.
await eventually('something has come', () => subscriber.readable)
await broken.socket.close(0)
await eventually('the connection is broken', () => isBroken)
other.send()
let arrived = 0
while (arrived < messages) {
  const message = decodeFrames(await subscriber.receive())
  if (message.kind === 'heartbeat' && message.publisher.incarnation.startsWith('b')) arrived += 1
}
console.log(arrived)
process.exit(0)
