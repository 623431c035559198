import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { onTestFinished, expect, it } from 'vitest'
import { XPublisher } from 'zeromq'
import { systemClock } from '../base/clock.ts'
import { newKeyPair } from '../model/key-pair.ts'
import { curveServer } from './keys/curve.ts'
import { mechanismAt } from './mechanism-at.ts'

it.each([
  ['CURVE', curveServer(newKeyPair())],
  ['NULL', {}],
])('%s is told by who has it', async (mechanism, options) => {
  const socket = new XPublisher({ linger: 0, ...options })
  onTestFinished(() => socket.close())
  await socket.bind('tcp://127.0.0.1:*')
  expect(await mechanismAt(socket.lastEndpoint ?? '', systemClock)).toBe(mechanism)
})

it.each(['', 'HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(10)])(
  'what else answers tells none: %#',
  async (text) => {
    const server = createServer((socket) => socket.resume().end(text)).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect(await mechanismAt(`tcp://127.0.0.1:${port}`, systemClock)).toBeNull()
  },
)

it('where nobody is there is none', async () => {
  expect(await mechanismAt('tcp://127.0.0.1:1', systemClock)).toBeNull()
})
