import { Dealer, XPublisher, XSubscriber } from 'zeromq'
import type { Socket } from 'zeromq'
import { afterEach, expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { RunningCluster, nodesAt, settingsOf, stopAll } from './running-cluster.ts'
import { closeTaps, opened } from './wire-tap.ts'

afterEach(async () => {
  closeTaps()
  await stopAll()
})

/** On this machine, and neither its own address nor a host of the definition. */
const stranger = '127.0.0.99'

type Verdict = 'welcome' | 'denied'

/** Connects from an address of our choice; what becomes of the handshake. */
async function verdict(socket: Socket, from: string, to: string): Promise<Verdict> {
  opened(socket)
  const events: string[] = []
  void (async () => {
    for await (const { type } of socket.events) events.push(type)
  })()
  socket.connect(`tcp://${from}:0;${to.slice('tcp://'.length)}`)
  return eventually(`a handshake from ${from} at ${to}`, () => {
    if (events.includes('handshake')) return 'welcome'
    return events.some((type) => type.startsWith('handshake:error')) ? 'denied' : undefined
  })
}

test('a stranger is denied on every port, and this host is welcome on each', async () => {
  const cluster = await RunningCluster.start(settingsOf(await nodesAt('127.0.0.1')))
  const { zeromqPort } = (await cluster.report('started')).ports
  const ports: [string, () => Socket][] = [
    [cluster.at('inbound'), () => new XPublisher({ linger: 0 })],
    [cluster.at('outbound'), () => new XSubscriber({ linger: 0 })],
    [cluster.at('relay'), () => new XSubscriber({ linger: 0 })],
    [cluster.at('export'), () => new XPublisher({ linger: 0 })],
    [cluster.at('cluster'), () => new Dealer({ linger: 0 })],
    [cluster.at('registry'), () => new Dealer({ linger: 0 })],
    [`tcp://127.0.0.1:${zeromqPort}`, () => new XSubscriber({ linger: 0 })],
  ]
  for (const [endpoint, newSocket] of ports) {
    expect([endpoint, await verdict(newSocket(), stranger, endpoint)]).toEqual([endpoint, 'denied'])
    expect([endpoint, await verdict(newSocket(), '127.0.0.1', endpoint)]).toEqual([
      endpoint,
      'welcome',
    ])
  }
  const told = cluster.events().filter((event) => event.type === 'denied')
  // Once, not for each of its attempts.
  expect(told).toMatchObject([{ address: stranger }])
})

test('a host of the definition is welcome', async () => {
  const nodes = await nodesAt('127.0.0.1', stranger)
  const cluster = await RunningCluster.start(settingsOf(nodes))
  const socket = new XSubscriber({ linger: 0 })
  expect(await verdict(socket, stranger, cluster.at('relay'))).toBe('welcome')
})
