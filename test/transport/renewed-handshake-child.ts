/**
 * A process that binds and connects, as those of a linked mesh do, makes its connection anew while it is in a handshake
 * for the second time. Who is at the other end speaks ZMTP 3 by hand (RFC 23), since it has to be slow. Prints `alive`.
 */
import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { AccessList, loopbackAddresses } from '../../src/sockets/access-list.ts'
import { Refusals } from '../../src/transport/refusals.ts'
import { PublishingSocket } from '../../src/transport/zeromq/connections/publishing-socket.ts'
import { eventually } from '../harness/eventually.ts'
import { freePorts } from '../harness/loopback.ts'

const nothing = (): void => undefined
const greeting = Buffer.concat([
  Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]),
  Buffer.from('NULL'),
  Buffer.alloc(48),
])
const ready = Buffer.from('\x05READY\x0bSocket-Type\x00\x00\x00\x04XSUB', 'latin1')
const command = Buffer.concat([Buffer.from([4, ready.length]), ready])

/** Connections that came. */
const came: net.Socket[] = []
const server = net.createServer((connection) => {
  connection.on('error', nothing).resume()
  came.push(connection)
  if (came.length === 1) void greet(connection)
})
await once(server.listen(0, '127.0.0.1'), 'listening')

/** The greeting and what follows it are read apart: a handshake is open between them. */
async function greet(connection: net.Socket): Promise<void> {
  connection.write(greeting)
  await pause(50)
  connection.write(command)
}

const access = await AccessList.open(nothing)
access.load(loopbackAddresses)
let isConnected = false
const publishing = new PublishingSocket(access.domain, null, systemClock, new Refusals(), {
  request: nothing,
  probe: nothing,
  connected: () => (isConnected = true),
  disconnected: nothing,
  renewed: nothing,
  refused: nothing,
  failed: nothing,
})
const [port = 0] = await freePorts('127.0.0.1', 1)
await publishing.bind('127.0.0.1', port, 'a test')
publishing.connect(`tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`)
await eventually('the first connection to stand', () => isConnected)
came[0]?.destroy()
const second = await eventually('libzmq to connect again', () => came[1])
publishing.renew('a test')
await greet(second)
await eventually('the next connection', () => came.length > 2)
await eventually('the second one to have ended', () => second.closed)
console.log('alive')
await publishing.close(0)
for (const connection of came) connection.destroy()
server.close()
await access.close()
