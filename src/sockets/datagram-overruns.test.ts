import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { datagramOverruns } from './datagram-overruns.ts'

it.runIf(process.platform === 'linux')(
  'counts datagrams that came while no more could wait',
  async () => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4_096 })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    expect(datagramOverruns(port)).toBe(0)
    const sender = createSocket('udp4')
    // One after the other within a turn of the event loop, in which nobody reads.
    const sent = Array.from(
      { length: 200 },
      () => new Promise((done) => sender.send(Buffer.alloc(1_000), port, '127.0.0.1', done)),
    )
    await Promise.all(sent)
    for (let turn = 0; turn < 3; turn++) await setImmediate()
    const overrun = datagramOverruns(port) ?? 0
    sender.close()
    socket.close()
    expect(overrun).toBeGreaterThan(0)
    expect(overrun).toBeLessThan(200)
    expect(datagramOverruns(port)).toBe(0)
  },
)
