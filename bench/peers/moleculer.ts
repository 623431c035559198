import net from 'node:net'
import { ServiceBroker } from 'moleculer'
import { eventually } from '../../test/harness/eventually.ts'
import { freePorts } from '../../test/harness/loopback.ts'
import type { Trade } from '../rows.ts'
import { packageVersion } from '../server.ts'
import type { Peer, Seat, Shape } from './peer.ts'
import { nothing } from './peer.ts'

const serviceName = 'bench-receiver'
const eventPrefix = 'update.TRADE.'
const greeting = 'bench.greeting'

const nodesOf = ({ publishers, subscribers }: Shape): string[] => [
  ...Array.from({ length: publishers }, (_, index) => `publisher-${index}`),
  ...Array.from({ length: subscribers }, (_, index) => `subscriber-${index}`),
]

/** Moleculer listens at all addresses and has no option for it; nobody outside is to reach a benchmark. */
function listenOnLoopback(): void {
  const listen = Reflect.get(net.Server.prototype, 'listen') as (...words: unknown[]) => net.Server
  net.Server.prototype.listen = function onLoopback(this: net.Server, ...words: unknown[]) {
    const [options, ...rest] = words
    return listen.call(this, { ...(options as net.ListenOptions), host: '127.0.0.1' }, ...rest)
  } as typeof net.Server.prototype.listen
}

function brokerOf(seat: Seat, nodeID: string): ServiceBroker {
  listenOnLoopback()
  const ports = (seat.place.ports ?? '').split(' ').map(Number)
  const urls = nodesOf(seat)
    .map((name, index) => `tcp://127.0.0.1:${ports[index]}/${name}`)
    .join()
  return new ServiceBroker({
    nodeID,
    logger: false,
    transporter: {
      type: 'TCP',
      options: { udpDiscovery: false, port: ports[nodesOf(seat).indexOf(nodeID)] ?? 0, urls },
    },
  })
}

/** Nodes that are known to have the receiving service. */
function receivers(broker: ServiceBroker): number {
  const nodes = broker.registry.getNodeList({ onlyAvailable: true, withServices: true })
  return nodes.filter(({ services }) => services.some((service) => service.name === serviceName))
    .length
}

export const moleculer: Peer = {
  name: 'moleculer',
  title: 'Moleculer, TCP transporter',
  rate: 90_000,
  requirement: () => ({ versions: [packageVersion('moleculer')], missing: [] }),
  start: async (shape) => {
    const ports = await freePorts('127.0.0.1', nodesOf(shape).length)
    return { place: { ports: ports.join(' ') }, pids: [], stop: nothing }
  },
  publisher: async (seat) => {
    const broker = brokerOf(seat, `publisher-${seat.index}`)
    await broker.start()
    const event = `${eventPrefix}${seat.index}`
    let last: Promise<unknown> = Promise.resolve()
    return {
      publish: (record) => {
        last = broker.broadcast(event, record)
        return undefined
      },
      drain: async () => {
        await last
      },
      connected: async () => {
        await eventually('all receivers are known', () => receivers(broker) === seat.subscribers)
        // What is sent while there is no connection opens one for each message; with thousands at once many are lost.
        await broker.broadcast(greeting)
      },
      close: () => broker.stop(),
    }
  },
  subscriber: async (seat, take) => {
    const broker = brokerOf(seat, `subscriber-${seat.index}`)
    const handlers = Array.from({ length: seat.publishers }, (_, index) => [
      `${eventPrefix}${index}`,
      (context: { params: unknown }) => take(index, context.params as Trade),
    ])
    broker.createService({
      name: serviceName,
      events: { ...Object.fromEntries(handlers), [greeting]: () => undefined },
    })
    await broker.start()
    return { close: () => broker.stop() }
  },
}
