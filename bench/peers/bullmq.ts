import { createPostgresRelayBackend, Relay } from 'bullmq'
import type { Trade } from '../rows.ts'
import { serverRequirement } from '../server.ts'
import { Gathering } from './gathering.ts'
import type { Ground, Peer, PublishingEnd, Requirement, Seat } from './peer.ts'
import { nothing } from './peer.ts'
import { postgresAddress, postgresRequirement, startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

/**
 * Unread messages that an inbox keeps; what is beyond is dropped, and its default is 10,000. The window of the
 * benchmark allows each publisher fewer than this.
 */
const inboxMaxLength = 1_000_000

/** Updates of one message at most: both stores carried most a second with 500, of 50 to 1,000 tried. */
const mostOfAMessage = 500

const topicPrefix = 'update.TRADE.'

/** Opens a relay, which is a node that publishes, subscribes or both. */
type Open = (place: Seat['place'], migrate?: true) => Relay<object>

const onRedis: Open = (place) =>
  new Relay({
    connection: { host: place.host ?? '127.0.0.1', port: Number(place.port) },
    inboxMaxLength,
  })

const onPostgres: Open = (place, migrate) =>
  new Relay({
    connection: { ...postgresAddress(place), ...(migrate && { migrate }) },
    backend: createPostgresRelayBackend,
    inboxMaxLength,
  })

/** With the tables of the relay in it. */
async function startStore(): Promise<Ground> {
  const ground = await startPostgres()
  const relay = onPostgres(ground.place, true)
  await relay.waitUntilReady()
  await relay.close()
  return ground
}

async function connect(relay: Relay<object>): Promise<Relay<object>> {
  relay.on('error', (error: Error) => {
    throw error
  })
  relay.on('recovered', () => {
    throw new Error('the relay had lost its lease')
  })
  await relay.waitUntilReady()
  return relay
}

/** Each update is a message, not waited for: one connection carries them in order, though this is not promised. */
function single(relay: Relay<object>, topic: string): Omit<PublishingEnd, 'close'> {
  let last: Promise<unknown> = Promise.resolve()
  return {
    publish: (record) => {
      last = relay.publish(topic, record)
      return undefined
    },
    drain: async () => {
      await last
    },
    connected: nothing,
  }
}

/** Arrays of updates, each waited for: this is what the order is promised for. */
function arrays(relay: Relay<object>, topic: string): Omit<PublishingEnd, 'close'> {
  const gathering = new Gathering<Trade>(async (records) => {
    for (let from = 0; from < records.length; from += mostOfAMessage)
      await relay.publish(topic, records.slice(from, from + mostOfAMessage))
  })
  return {
    publish: (record) => {
      gathering.append(record)
      return undefined
    },
    drain: () => gathering.drain(),
    connected: nothing,
  }
}

interface Store {
  readonly open: Open
  readonly requirement: () => Requirement
  readonly start: () => Promise<Ground>
}

const redisStore: Store = {
  open: onRedis,
  requirement: () => serverRequirement('redis-server', '--version', 'bullmq'),
  start: startRedis,
}

const postgresStore: Store = {
  open: onPostgres,
  requirement: () => postgresRequirement('bullmq', 'pg'),
  start: startStore,
}

function bullmqRelay(
  name: string,
  title: string,
  rate: number,
  { open, requirement, start }: Store,
  publishing: typeof single,
): Peer {
  return {
    name,
    title,
    rate,
    requirement,
    start,
    publisher: async ({ index, place }) => {
      const relay = await connect(open(place))
      return { ...publishing(relay, `${topicPrefix}${index}`), close: () => relay.close() }
    },
    subscriber: async ({ place }, take) => {
      const relay = await connect(open(place))
      await relay.subscribe<Trade | Trade[]>(`${topicPrefix}*`, ({ topic, data }) => {
        const index = Number(topic.slice(topicPrefix.length))
        for (const record of Array.isArray(data) ? data : [data]) take(index, record)
      })
      return { close: () => relay.close() }
    },
  }
}

export const bullmq = bullmqRelay(
  'bullmq',
  'BullMQ Relay on Redis, JSON per update',
  18_000,
  redisStore,
  single,
)
export const bullmqBatches = bullmqRelay(
  'bullmq-batches',
  'BullMQ Relay on Redis, JSON arrays',
  130_000,
  redisStore,
  arrays,
)
export const bullmqPostgres = bullmqRelay(
  'bullmq-postgres',
  'BullMQ Relay on PostgreSQL, JSON arrays',
  75_000,
  postgresStore,
  arrays,
)
