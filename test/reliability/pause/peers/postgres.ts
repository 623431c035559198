import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { postgresAddress, postgresRequirement } from '../../../../bench/peers/postgres.ts'
import { Postgres } from '../../../harness/postgres.ts'
import type { Ear, PausePeer, Way } from '../pause-peer.ts'
import { numberOf } from '../pause-peer.ts'
import { addressOf } from './server.ts'

const channel = 'update_trade'
const againMs = 1000
const connectionTimeoutMillis = 5000

async function open(way: Way): Promise<Client> {
  const client = new Client({ ...postgresAddress(way), keepAlive: true, connectionTimeoutMillis })
  await client.connect()
  return client
}

/** `pg` does not connect again by itself: resolves when the connection has ended, whatever for. */
async function listen(way: Way, ear: Ear, listening: () => void): Promise<void> {
  const client = await open(way)
  const ended = new Promise<void>((resolve) => {
    client.on('error', () => resolve()).on('end', () => resolve())
  })
  client.on('notification', ({ payload = '' }) => ear.take(numberOf(JSON.parse(payload) as object)))
  await client.query(`LISTEN ${channel}`)
  listening()
  await ended
}

async function listenAgainAndAgain(way: Way, ear: Ear, listening: () => void): Promise<never> {
  for (;;) {
    await listen(way, ear, listening).catch(() => undefined)
    ear.mayMiss('error')
    await pause(againMs)
  }
}

export const postgres: PausePeer = {
  name: 'postgres',
  title: 'PostgreSQL LISTEN/NOTIFY',
  requirement: () => postgresRequirement('pg'),
  start: async (machines) => {
    const { host, port, place } = await addressOf(machines)
    await Postgres.start({ host, port }, place)
    return { host, port: String(port) }
  },
  publisher: async (way) => {
    const client = await open(way)
    const notify = { name: 'notify', text: 'SELECT pg_notify($1, $2)' }
    return (record) => void client.query({ ...notify, values: [channel, JSON.stringify(record)] })
  },
  subscriber: (way, ear) =>
    new Promise<void>((resolve) => void listenAgainAndAgain(way, ear, resolve)),
}
