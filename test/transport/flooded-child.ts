/** A child that takes requests, and tells how many it has counted and, when the last one came, by how much its memory has grown. */
import { systemClock } from '../../src/base/clock.ts'
import { portsOf } from '../../src/registration/zeromq-place.ts'
import { loopbackAddresses } from '../../src/sockets/access-list.ts'
import type { ClusterPorts } from '../../src/transport/zeromq/connections/endpoints.ts'
import { ZeroMQTransport } from '../../src/transport/zeromq/zeromq-transport.ts'
import { newRegistration } from './peer.ts'
import { patienceMs } from '../harness/eventually.ts'

/** `counted`: requests taken and refused so far. `grownBytes`: resident memory above where it began, at its peak. */
export type FloodTold = { readonly counted: number } | { readonly grownBytes: number }

const sampleMs = 5
const tell = (told: FloodTold) => process.send?.(told)

const transport = new ZeroMQTransport({
  mode: 'mesh',
  role: 'process',
  nodeAddress: '127.0.0.1',
  bindAddress: '127.0.0.1',
  allowed: loopbackAddresses,
  ports: JSON.parse(process.argv[2] ?? '{}') as ClusterPorts,
  clusterTimeoutMs: patienceMs,
  wantsPort: true,
  clock: systemClock,
  random: Math.random,
})
let before = process.memoryUsage().rss
let peak = 0
let counted = 0
const ignore = () => {}
const { place } = await transport.open(
  newRegistration('FLOODED', 'mesh', 'process'),
  {
    message: ignore,
    request: (frame) => {
      counted += 1
      if (Buffer.from(frame).toString() === '\x02the last') tell({ grownBytes: peak - before })
    },
    roster: ignore,
    registered: ignore,
    reconnected: ignore,
    sharedHop: ignore,
    event: (event) => {
      if (event.type === 'refused') counted += event.count
    },
    failed: (error) => {
      throw error
    },
  },
  new AbortController().signal,
)
before = process.memoryUsage().rss
setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss)
  tell({ counted })
}, sampleMs)
process.send?.(portsOf(place).zeromqPort)
