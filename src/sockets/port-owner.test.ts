import net from 'node:net'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { XPublisher } from 'zeromq'
import { bindPort, portOwner } from './port-owner.ts'

it('names port, purpose and owner of a port that is taken', async () => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const socket = new XPublisher()
  const error = await bindPort(socket, '127.0.0.1', port, 'a test').catch((e: unknown) => e)
  expect(error).toMatchObject({ code: 'PORT_TAKEN', category: 'usage' })
  expect(String(error)).toContain(`port ${port} (a test) at 127.0.0.1 is taken by`)
  expect(await portOwner('127.0.0.1', port)).toContain(`(pid ${process.pid})`)
  server.close()
  await once(server, 'close')
  await bindPort(socket, '127.0.0.1', port, 'a test')
  socket.close()
})

it('knows no owner of a free port', async () => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  expect(await portOwner('127.0.0.1', port)).toBeNull()
})

it.runIf(process.platform === 'linux').each(['127.0.0.1', '0.0.0.0', '::', '::ffff:127.0.0.1'])(
  'names who listens at %s only where that is in the way',
  async (address) => {
    const server = net.createServer().listen(0, address)
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    expect(await portOwner('127.0.0.1', port)).toContain(`(pid ${process.pid})`)
    expect(await portOwner('0.0.0.0', port)).toContain(`(pid ${process.pid})`)
    const isOfAll = address === '0.0.0.0' || address === '::'
    expect((await portOwner('127.77.1.9', port)) === null).toBe(!isOfAll)
    server.close()
    await once(server, 'close')
  },
)

it('says which address cannot be bound', async () => {
  const socket = new XPublisher()
  await expect(bindPort(socket, '127.0.0.300', 1, 'a test')).rejects.toMatchObject({
    code: 'TRANSPORT_FAILED',
  })
  socket.close()
})
