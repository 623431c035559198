/** Subscribes with the options of every process, stands still while its queue is full, and reads on. */
import { XSubscriber } from 'zeromq'
import { connectingXsub, socketLimits } from '../../src/transport/zeromq/socket-options.ts'

const [endpoint = '', rounds = '1'] = process.argv.slice(2)

const socket = new XSubscriber(connectingXsub())
socket.connect(endpoint)
await socket.send(Buffer.from([1]))
const cell = new Int32Array(new SharedArrayBuffer(4))
for (let round = 0; round < Number(rounds); round += 1) {
  await socket.receive()
  Atomics.wait(cell, 0, 0, socketLimits.heartbeatTimeoutMs + socketLimits.heartbeatIntervalMs)
  // More than the queue held: the rest comes over a connection that was made anew.
  for (let read = 0; read < socketLimits.receiveHighWaterMark * 20; read += 1)
    await socket.receive()
}
process.send?.('done')
process.exit(0)
