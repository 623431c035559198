import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { latelyEnded, listeningPorts, listeningPortsForMs, remembered } from './listening-ports.ts'

it.runIf(process.platform === 'linux')('names the ports that someone listens at', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  expect(listeningPorts().has(port)).toBe(true)
  server.close()
  await once(server, 'close')
  expect(listeningPorts().has(port)).toBe(false)
})

it.runIf(process.platform === 'linux')(
  'passes over ports that connect and do not listen',
  async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    await once(socket, 'connect')
    const [port, listening] = [socket.localPort ?? 0, listeningPorts()]
    server.close()
    socket.destroy()
    await once(server, 'close')
    expect(listening.has(port)).toBe(false)
  },
)

it.runIf(process.platform === 'linux')('knows where connections that ended came from', async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.7' }).resume()
  await once(socket, 'close')
  expect([...latelyEnded('127.0.0.1', port)]).toEqual(['127.0.0.7'])
  expect([...latelyEnded('0.0.0.0', port)]).toEqual(['127.0.0.7'])
  expect([...latelyEnded('127.0.0.2', port)]).toEqual([])
  server.close()
  await once(server, 'close')
})

it('is not asked for again within a tenth of a second', () => {
  let reads = 0
  let now = 5
  const ports = remembered(() => new Set([++reads]), { now: () => now })
  expect([...ports()]).toEqual([1])
  now += listeningPortsForMs - 1
  expect([...ports()]).toEqual([1])
  now += 1
  expect([...ports()]).toEqual([2])
})
