import type { Peer } from './peer.ts'

/** By name, in the order of the tables. A process loads only what its own peer needs. */
const loaders: Readonly<Record<string, () => Promise<Peer>>> = {
  mesh: async () => (await import('./tidings.ts')).mesh,
  'mesh-select': async () => (await import('./tidings.ts')).meshSelect,
  proxy: async () => (await import('./tidings.ts')).proxy,
  relay: async () => (await import('./tidings.ts')).relay,
  'mesh-keys': async () => (await import('./tidings.ts')).meshKeys,
  'proxy-keys': async () => (await import('./tidings.ts')).proxyKeys,
  'relay-keys': async () => (await import('./tidings.ts')).relayKeys,
  nats: async () => (await import('./nats.ts')).nats,
  redis: async () => (await import('./redis.ts')).redis,
  postgres: async () => (await import('./postgres.ts')).postgres,
  bullmq: async () => (await import('./bullmq.ts')).bullmq,
  'bullmq-batches': async () => (await import('./bullmq.ts')).bullmqBatches,
  'bullmq-postgres': async () => (await import('./bullmq.ts')).bullmqPostgres,
  mqtt: async () => (await import('./mqtt.ts')).mqtt,
  moleculer: async () => (await import('./moleculer.ts')).moleculer,
  zeromq: async () => (await import('./zeromq.ts')).zeromqNaive,
  'zeromq-batches': async () => (await import('./zeromq.ts')).zeromqBatches,
  'nats-batches': async () => (await import('./nats-batches.ts')).natsBatches,
}

export const peerNames: readonly string[] = Object.keys(loaders)

export async function peerNamed(name: string): Promise<Peer> {
  const load = loaders[name]
  if (!load) throw new Error(`there is no peer ${name}; there are ${peerNames.join(', ')}`)
  return load()
}
