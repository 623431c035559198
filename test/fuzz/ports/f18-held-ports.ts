import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { Pull, Router, XSubscriber } from 'zeromq'
import type { Socket } from 'zeromq'
import { systemClock } from '../../../src/base/clock.ts'
import { ConnectionMonitor } from '../../../src/sockets/connection-monitor.ts'
import { eventually } from '../../harness/eventually.ts'
import type { Shape } from '../../harness/definition-file.ts'
import type { FaultRow, Measured } from '../../reliability/faults/fault-row.ts'
import { addMeasured, atMost } from '../../reliability/faults/fault-row.ts'
import { LoadedCluster } from './loaded-cluster.ts'
import type { Port } from './strangers.ts'

/** How long the ports are another's, milliseconds. */
const heldMs = 500
/** Asked: links back within 2 s; asserted at five times. */
const withinMs = 2_000
const times = 5

type Release = () => Promise<void>

async function holdByHttp({ host, port }: Port): Promise<Release> {
  const server = createServer((_, response) => response.end('hello'))
  let listens = false
  server.on('error', () => undefined)
  server.on('listening', () => (listens = true))
  await eventually(`port ${port} is held`, () => {
    if (!listens) server.listen(port, host)
    return listens
  })
  return async () => {
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  }
}

function holdBySocket(make: () => Socket & { bindSync(address: string): void }) {
  return async ({ host, port }: Port): Promise<Release> => {
    const socket = make()
    const monitor = new ConnectionMonitor(socket, systemClock)
    await eventually(`port ${port} is held`, () => {
      try {
        socket.bindSync(`tcp://${host}:${port}`)
        return true
      } catch {
        return false
      }
    })
    return async () => {
      socket.close()
      await monitor.ended
    }
  }
}

const holders: Readonly<Record<string, (port: Port) => Promise<Release>>> = {
  HTTP: holdByHttp,
  ROUTER: holdBySocket(() => new Router({ linger: 0 })),
  PULL: holdBySocket(() => new Pull({ linger: 0 })),
  XSUB: holdBySocket(() => new XSubscriber({ linger: 0 })),
}

/** GENESIS_CLUSTER is killed, all its ports are another's for a moment, then its own again. */
async function hold(
  stage: LoadedCluster,
  holder: (port: Port) => Promise<Release>,
): Promise<number> {
  const node = stage.cluster.node()
  await node.end('SIGKILL')
  const ports = stage.ports().filter(({ name }) => name !== 'ZeroMQ port')
  const releases = await Promise.all(ports.map(holder))
  await pause(heldMs)
  await Promise.all(releases.map((release) => release()))
  await node.start()
  return stage.flows()
}

async function measure(shape: Shape, rounds: number): Promise<Measured> {
  const stage = await LoadedCluster.start(shape)
  await stage.flows()
  const healMs: number[] = []
  for (let round = 0; round < rounds; round++) {
    for (const holder of Object.values(holders)) healMs.push(await hold(stage, holder))
  }
  const crashes = stage.crashes()
  const verdict = await stage.judge()
  await stage.end()
  return {
    injected: healMs.length,
    verdict,
    healMs,
    demands: [
      atMost(`${shape}: processes that ended`, 'processes', crashes, 0),
      atMost(`${shape}: links back, the slowest`, 'ms', Math.max(...healMs), withinMs, times),
    ],
    notes: [],
  }
}

export const heldPorts: FaultRow = {
  id: 'F18',
  fault: 'a port held 0.5 s by HTTP, ROUTER, PULL, XSUB, then right again',
  how: 'GENESIS_CLUSTER of one of two nodes is killed; all its ports are held by one of these for 0.5 s; it starts again',
  async run({ scale }) {
    const rounds = Math.max(1, Math.round(5 * scale))
    const parts: Measured[] = []
    for (const shape of ['mesh+relay', 'proxy+relay'] as const)
      parts.push(await measure(shape, rounds))
    return addMeasured(...parts)
  },
}
