import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { Client } from 'pg'
import { freePorts } from '../../test/harness/loopback.ts'
import { Postgres, postgresPrograms, postgresUser } from '../../test/harness/postgres.ts'
import type { Trade } from '../rows.ts'
import { packageVersion } from '../server.ts'
import { Gathering } from './gathering.ts'
import { jsonArrays } from './json-arrays.ts'
import type { Ground, Peer, Requirement } from './peer.ts'
import { nothing } from './peer.ts'

const channelPrefix = 'update_trade_'

/** A payload has to be shorter, bytes: NOTIFY refuses it otherwise. */
export const payloadLimit = 8000

/**
 * All that waits in one transaction: each commit costs a turn of all that listen. JSON has no line breaks of its
 * own, and a text is taken in half the time of a text[]; count() spares an answer for each.
 */
const notifyAll = `SELECT count(pg_notify($1, payload)) FROM unnest(string_to_array($2, E'\\n')) AS payload`

/** `clients`: the packages that speak to it. */
export function postgresRequirement(...clients: readonly string[]): Requirement {
  const versions = clients.map(packageVersion)
  const programs = postgresPrograms()
  if (programs === null) return { versions, missing: ['postgres'] }
  const said = execFileSync(join(programs, 'postgres'), ['--version']).toString()
  return { versions: [`postgres ${/[\d.]+/.exec(said)?.[0] ?? ''}`, ...versions], missing: [] }
}

/** A new database at a free port of 127.0.0.1. It does not wait for the disk, as Redis here does not write to it. */
export async function startPostgres(): Promise<Ground> {
  const [port = 0] = await freePorts('127.0.0.1', 1)
  const server = await Postgres.start({ host: '127.0.0.1', port })
  return {
    place: { port: String(port) },
    pids: [server.pid],
    stop: () => server.end(),
  }
}

export const postgresAddress = (place: Readonly<Record<string, string>>) => ({
  host: place.host ?? '127.0.0.1',
  port: Number(place.port),
  user: postgresUser,
  database: 'postgres',
})

async function connect(place: Readonly<Record<string, string>>): Promise<Client> {
  const client = new Client(postgresAddress(place))
  await client.connect()
  return client
}

export const postgres: Peer = {
  name: 'postgres',
  title: 'PostgreSQL LISTEN/NOTIFY, pg, JSON arrays below 8,000 bytes',
  rate: 150_000,
  requirement: () => postgresRequirement('pg'),
  start: startPostgres,
  publisher: async ({ index, place }) => {
    const client = await connect(place)
    const channel = `${channelPrefix}${index}`
    const gathering = new Gathering<Trade>((records) =>
      client.query({
        name: 'notify',
        text: notifyAll,
        values: [channel, jsonArrays(records, payloadLimit).join('\n')],
      }),
    )
    return {
      publish: (record) => {
        gathering.append(record)
        return undefined
      },
      drain: () => gathering.drain(),
      connected: nothing,
      close: () => client.end(),
    }
  },
  subscriber: async ({ publishers, place }, take) => {
    const client = await connect(place)
    client.on('notification', ({ channel, payload = '' }) => {
      const index = Number(channel.slice(channelPrefix.length))
      for (const record of JSON.parse(payload) as Trade[]) take(index, record)
    })
    for (let index = 0; index < publishers; index++)
      await client.query(`LISTEN ${channelPrefix}${index}`)
    return { close: () => client.end() }
  },
}
