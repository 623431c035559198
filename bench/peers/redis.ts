import { Redis } from 'ioredis'
import type { Trade } from '../rows.ts'
import { serverRequirement, startServer } from '../server.ts'
import type { Peer } from './peer.ts'
import { nothing } from './peer.ts'

const channelPrefix = 'update/TRADE/'

const options = [
  ['--bind', '127.0.0.1'],
  ['--save', ''],
  ['--appendonly', 'no'],
  // Its default ends a subscriber that is 32 MB behind; the window bounds that here.
  ['--client-output-buffer-limit', 'pubsub 0 0 0'],
].flat()

export const startRedis = () =>
  startServer('redis-server', (port) => ['--port', String(port), ...options])

export const redis: Peer = {
  name: 'redis',
  title: 'Redis pub/sub, ioredis, JSON per update',
  rate: 180_000,
  requirement: () => serverRequirement('redis-server', '--version', 'ioredis'),
  start: startRedis,
  publisher: async ({ index, place }) => {
    const client = new Redis({
      port: Number(place.port),
      lazyConnect: true,
      enableAutoPipelining: true,
    })
    await client.connect()
    const channel = `${channelPrefix}${index}`
    let last: Promise<unknown> = Promise.resolve()
    return {
      publish: (record) => {
        last = client.publish(channel, JSON.stringify(record))
        return undefined
      },
      drain: async () => {
        await last
      },
      connected: nothing,
      close: async () => {
        await client.quit()
      },
    }
  },
  subscriber: async ({ publishers, place }, take) => {
    const client = new Redis({ port: Number(place.port), lazyConnect: true })
    await client.connect()
    client.on('message', (channel: string, text: string) => {
      take(Number(channel.slice(channelPrefix.length)), JSON.parse(text) as Trade)
    })
    const channels = Array.from({ length: publishers }, (_, index) => `${channelPrefix}${index}`)
    await client.subscribe(...channels)
    return {
      close: async () => {
        await client.quit()
      },
    }
  },
}
