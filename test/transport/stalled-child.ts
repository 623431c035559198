/** Subscribes with the options of every process and stands still while its queue is full. */
import { XSubscriber } from 'zeromq'
import { connectingXsub } from '../../src/sockets/socket-options.ts'

const [endpoint = '', blockedMs = ''] = process.argv.slice(2)

const socket = new XSubscriber(connectingXsub())
socket.connect(endpoint)
await socket.send(Buffer.from([1]))
await socket.receive()
process.send?.('blocked')
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(blockedMs))
for (;;) {
  const [frame] = await socket.receive()
  if (frame?.toString() === 'end') break
}
process.exit(0)
