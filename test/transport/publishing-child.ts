/** A child that publishes to the one subscriber of the node, closes, and ends by itself. */
import { systemClock } from '../../src/base/clock.ts'
import { loopbackAddresses } from '../../src/sockets/access-list.ts'
import type { ZeroMQTransportOptions } from '../../src/transport/zeromq/transport-options.ts'
import { ZeroMQTransport } from '../../src/transport/zeromq/zeromq-transport.ts'
import { newRegistration } from './peer.ts'
import { patienceMs } from '../harness/eventually.ts'

interface Task extends Pick<ZeroMQTransportOptions, 'mode' | 'ports'> {
  readonly messages: number
  readonly bytes: number
}

const { mode, ports, messages, bytes } = JSON.parse(process.argv[2] ?? '{}') as Task
const transport = new ZeroMQTransport({
  mode,
  role: 'script',
  nodeAddress: '127.0.0.1',
  bindAddress: '127.0.0.1',
  allowed: loopbackAddresses,
  ports,
  clusterTimeoutMs: patienceMs,
  wantsPort: false,
  clock: systemClock,
  random: Math.random,
})
const ignore = () => {}
await transport.open(
  newRegistration(`SCRIPT_${process.pid}`, mode, 'script'),
  {
    message: ignore,
    request: ignore,
    roster: ignore,
    registered: ignore,
    reconnected: ignore,
    sharedHop: ignore,
    event: ignore,
    failed: (error) => {
      throw error
    },
  },
  new AbortController().signal,
)
const message = Buffer.from(`table/T/${'x'.repeat(bytes)}`)
for (let sent = 0; sent < messages; sent++) transport.send('table/T/', message)
await transport.close(5_000)
