import { connect } from '@nats-io/transport-node'
import type { Trade } from '../rows.ts'
import { serverRequirement, startServer } from '../server.ts'
import type { Peer } from './peer.ts'
import { nothing } from './peer.ts'

export const subjectOf = (index: number): string => `update.TRADE.${index}`
export const indexOf = (subject: string): number => Number(subject.slice('update.TRADE.'.length))

export const natsRequirement = () =>
  serverRequirement('nats-server', '--version', '@nats-io/transport-node')

/** 1 MiB messages are its default; a slow consumer is cut off beyond max_pending, which the window never reaches. */
export const startNats = () =>
  startServer('nats-server', (port) => ['--addr', '127.0.0.1', '--port', String(port)])

export const connectNats = (place: Readonly<Record<string, string>>) =>
  connect({ servers: `127.0.0.1:${place.port}` })

export const nats: Peer = {
  name: 'nats',
  title: 'NATS, JSON per update',
  rate: 330_000,
  requirement: natsRequirement,
  start: startNats,
  publisher: async ({ index, place }) => {
    const connection = await connectNats(place)
    const subject = subjectOf(index)
    return {
      publish: (record) => {
        connection.publish(subject, JSON.stringify(record))
        return undefined
      },
      drain: () => connection.flush(),
      connected: nothing,
      close: () => connection.close(),
    }
  },
  subscriber: async ({ place }, take) => {
    const connection = await connectNats(place)
    connection.subscribe('update.TRADE.*', {
      callback: (error, message) => {
        if (error) throw error
        take(indexOf(message.subject), message.json<Trade>())
      },
    })
    await connection.flush()
    return { close: () => connection.close() }
  },
}
