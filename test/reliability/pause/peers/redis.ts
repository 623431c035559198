import { Redis } from 'ioredis'
import { serverRequirement } from '../../../../bench/server.ts'
import type { Machine } from '../../../harness/network.ts'
import type { Ear, PausePeer, Way } from '../pause-peer.ts'
import { numberOf } from '../pause-peer.ts'
import { serve } from './server.ts'

const name = 'update/TRADE'

/** Entries that a stream keeps, about: more than are published in a run. */
const maxLength = 1_000_000
/** A reader asks again after so long, milliseconds. */
const blockMs = 5000
const mostOfARead = 1000

/** Its own limits for those that are behind. */
export const startRedis = (machines: readonly Machine[] | null) =>
  serve(
    machines,
    'redis-server',
    (host, port) =>
      [
        ['--bind', host],
        ['--port', String(port)],
        ['--save', ''],
        ['--protected-mode', 'no'],
      ].flat(),
    /Ready to accept connections/,
  )

/** It connects again by itself; what it was asked meanwhile it asks then. */
async function open({ host = '', port }: Way, ear?: Ear): Promise<Redis> {
  const client = new Redis({
    host,
    port: Number(port),
    lazyConnect: true,
    maxRetriesPerRequest: null,
  })
  client.on('error', () => undefined)
  client.on('reconnecting', () => ear?.mayMiss('reconnecting'))
  await client.connect()
  return client
}

const requirement = () => serverRequirement('redis-server', '--version', 'ioredis')

export const redis: PausePeer = {
  name: 'redis',
  title: 'Redis pub/sub',
  requirement,
  start: startRedis,
  publisher: async (way) => {
    const client = await open(way)
    return (record) => void client.publish(name, JSON.stringify(record))
  },
  subscriber: async (way, ear) => {
    const client = await open(way, ear)
    client.on('message', (_channel: string, text: string) =>
      ear.take(numberOf(JSON.parse(text) as object)),
    )
    await client.subscribe(name)
  },
}

/** Reads from the first entry on, for ever; where it is it knows itself. */
async function read(client: Redis, ear: Ear): Promise<never> {
  let last = '0'
  for (;;) {
    const range = ['COUNT', mostOfARead, 'BLOCK', blockMs, 'STREAMS', name, last] as const
    for (const [, entries] of (await client.xread(...range)) ?? [])
      for (const [id, [, text = '']] of entries) {
        last = id
        ear.take(numberOf(JSON.parse(text) as object))
      }
  }
}

export const redisStreams: PausePeer = {
  name: 'redis-streams',
  title: 'Redis Streams',
  requirement,
  start: startRedis,
  publisher: async (way) => {
    const client = await open(way)
    return (record) =>
      void client.xadd(name, 'MAXLEN', '~', maxLength, '*', 'row', JSON.stringify(record))
  },
  subscriber: async (way, ear) => {
    void read(await open(way), ear)
  },
}
