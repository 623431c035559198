import { Relay } from 'bullmq'
import { serverRequirement } from '../../../../bench/server.ts'
import type { PausePeer, Way } from '../pause-peer.ts'
import { numberOf } from '../pause-peer.ts'
import { startRedis } from './redis.ts'

const topic = 'update.TRADE'

async function open({ host, port }: Way): Promise<Relay> {
  const relay = new Relay({ connection: { host, port: Number(port) } })
  // It tells of each try to connect again; that something is lost it says with `recovered`.
  relay.on('error', () => undefined)
  await relay.waitUntilReady()
  return relay
}

export const bullmq: PausePeer = {
  name: 'bullmq',
  title: 'BullMQ Relay on Redis',
  requirement: () => serverRequirement('redis-server', '--version', 'bullmq'),
  start: startRedis,
  publisher: async (way) => {
    const relay = await open(way)
    return (record) => void relay.publish(topic, record)
  },
  subscriber: async (way, ear) => {
    const relay = await open(way)
    relay.on('recovered', () => ear.mayMiss('recovered'))
    await relay.subscribe<object>(topic, ({ data }) => ear.take(numberOf(data)))
  },
}
