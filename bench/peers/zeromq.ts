import * as zmq from 'zeromq'
import { freePorts } from '../../test/harness/loopback.ts'
import type { Trade } from '../rows.ts'
import { packageVersion } from '../server.ts'
import { Batching, topic, Unbatching } from './batching.ts'
import type { Ground, Peer, PublishingEnd, Seat, Shape } from './peer.ts'
import { nothing } from './peer.ts'

/** No limit: the window of the benchmark bounds what waits. */
const unlimited = 0

const requirement = () => ({ versions: [packageVersion('zeromq')], missing: [] })

async function start({ publishers }: Shape): Promise<Ground> {
  const ports = await freePorts('127.0.0.1', publishers)
  return { place: { ports: ports.join(' ') }, pids: [], stop: nothing }
}

const addresses = (seat: Seat): string[] =>
  (seat.place.ports ?? '').split(' ').map((port) => `tcp://127.0.0.1:${port}`)

/** XPUB is PUB that tells of its subscriptions, so that nobody publishes too early. */
async function bind(
  seat: Seat,
  sendTimeout: number,
): Promise<{ socket: zmq.XPublisher; rest: Pick<PublishingEnd, 'connected' | 'close'> }> {
  const options = { sendHighWaterMark: unlimited, linger: 0, sendTimeout }
  const socket = new zmq.XPublisher({ ...options, verbosity: 'allSubs' })
  await socket.bind(addresses(seat)[seat.index] ?? '')
  const connected = async (): Promise<void> => {
    for (let count = 0; count < seat.subscribers; count++) await socket.receive()
  }
  const close = async (): Promise<void> => socket.close()
  return { socket, rest: { connected, close } }
}

function subscribe(seat: Seat, onFrames: (frames: Buffer[]) => void) {
  const socket = new zmq.Subscriber({ receiveHighWaterMark: unlimited, linger: 0 })
  for (const address of addresses(seat)) socket.connect(address)
  socket.subscribe(topic)
  void (async () => {
    for await (const frames of socket) onFrames(frames)
  })()
  return { close: async (): Promise<void> => socket.close() }
}

export const zeromqNaive: Peer = {
  name: 'zeromq',
  title: 'zeromq.js, JSON per update, awaited send',
  rate: 150_000,
  requirement,
  start,
  publisher: async (seat) => {
    const { socket, rest } = await bind(seat, -1)
    const index = String(seat.index)
    const publish = (record: Trade) => socket.send([topic, index, JSON.stringify(record)])
    return { publish, drain: nothing, ...rest }
  },
  subscriber: async (seat, take) =>
    subscribe(seat, ([, index, payload]) => {
      take(Number(index?.toString()), JSON.parse(payload?.toString() ?? '') as Trade)
    }),
}

export const zeromqBatches: Peer = {
  name: 'zeromq-batches',
  title: 'zeromq.js carrying our encoded batches',
  rate: 3_700_000,
  requirement,
  start,
  publisher: async (seat) => {
    const { socket, rest } = await bind(seat, 0)
    // Not awaited: without a limit of what waits every send is done at once.
    const batching = new Batching(seat.index, (message) => void socket.send(message))
    return {
      publish: (record) => {
        batching.append(record)
        return undefined
      },
      drain: async () => batching.flush(),
      ...rest,
    }
  },
  subscriber: async (seat, take) => {
    const unbatching = new Unbatching(seat.publishers, take)
    return subscribe(seat, ([message]) => {
      if (message) unbatching.read(message)
    })
  },
}
