/** Subscribes as every process does, stands still while its queue is full, and reads on. */
import { systemClock } from '../../src/base/clock.ts'
import { Refusals } from '../../src/transport/refusals.ts'
import { socketLimits } from '../../src/sockets/socket-options.ts'
import { SubscribingSocket } from '../../src/transport/zeromq/connections/subscribing-socket.ts'

const [endpoint = '', rounds = '1'] = process.argv.slice(2)

/** More than the queue held: the rest comes over a connection that was made anew. */
const messagesPerRound = socketLimits.receiveHighWaterMark * 20
const blockMs = socketLimits.heartbeatTimeoutMs + socketLimits.heartbeatIntervalMs

const cell = new Int32Array(new SharedArrayBuffer(4))
let taken = 0
const refusals = new Refusals()
const socket = new SubscribingSocket(null, systemClock, refusals, {
  room: () => null,
  message() {
    if (taken % messagesPerRound === 0) Atomics.wait(cell, 0, 0, blockMs)
    taken += 1
    if (taken < Number(rounds) * messagesPerRound) return
    console.log(JSON.stringify(refusals.take()))
    process.exit(0)
  },
  connected: () => undefined,
  disconnected: () => undefined,
  renewed: () => undefined,
  refused: () => undefined,
  failed(error) {
    console.error(error)
    process.exit(1)
  },
})
socket.connect(endpoint)
socket.subscribe('table/')
