import { connect } from '@nats-io/transport-node'
import { natsRequirement } from '../../../../bench/peers/nats.ts'
import type { PausePeer, Way } from '../pause-peer.ts'
import { numberOf } from '../pause-peer.ts'
import { serve } from './server.ts'

const subject = 'update.TRADE'

/** By default a client gives up for good after ten tries in 20 s. */
const open = ({ host, port }: Way) =>
  connect({ servers: `${host}:${port}`, maxReconnectAttempts: -1 })

export const nats: PausePeer = {
  name: 'nats',
  title: 'NATS',
  requirement: natsRequirement,
  start: (machines) =>
    serve(
      machines,
      'nats-server',
      (host, port) => ['--addr', host, '--port', String(port)],
      /Server is ready/,
    ),
  publisher: async (way) => {
    const connection = await open(way)
    return (record) => connection.publish(subject, JSON.stringify(record))
  },
  subscriber: async (way, ear) => {
    const connection = await open(way)
    void (async () => {
      for await (const { type } of connection.status())
        if (['disconnect', 'slowConsumer'].includes(type)) ear.mayMiss(type)
    })()
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error) throw error
        ear.take(numberOf(message.json<object>()))
      },
    })
    await connection.flush()
  },
}
