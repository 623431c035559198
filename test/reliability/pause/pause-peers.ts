import type { PausePeer } from './pause-peer.ts'
import { bullmq } from './peers/bullmq.ts'
import { nats } from './peers/nats.ts'
import { postgres } from './peers/postgres.ts'
import { redis, redisStreams } from './peers/redis.ts'
import { tidings } from './peers/tidings.ts'

/** In the order of the table. */
export const pausePeers: readonly PausePeer[] = [
  tidings,
  nats,
  redis,
  redisStreams,
  bullmq,
  postgres,
]

export function pausePeerNamed(name: string): PausePeer {
  const peer = pausePeers.find((each) => each.name === name)
  if (!peer) throw new Error(`there is no ${name}`)
  return peer
}
