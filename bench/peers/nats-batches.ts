import { connectNats, natsRequirement, startNats, subjectOf } from './nats.ts'
import { Batching, Unbatching } from './batching.ts'
import type { Peer } from './peer.ts'
import { nothing } from './peer.ts'

export const natsBatches: Peer = {
  name: 'nats-batches',
  title: 'NATS carrying our encoded batches',
  rate: 2_000_000,
  requirement: natsRequirement,
  start: startNats,
  publisher: async ({ index, place }) => {
    const connection = await connectNats(place)
    const subject = subjectOf(index)
    const batching = new Batching(index, (frame) => connection.publish(subject, frame))
    return {
      publish: (record) => {
        batching.append(record)
        return undefined
      },
      drain: () => {
        batching.flush()
        return connection.flush()
      },
      connected: nothing,
      close: () => connection.close(),
    }
  },
  subscriber: async ({ publishers, place }, take) => {
    const connection = await connectNats(place)
    const unbatching = new Unbatching(publishers, take)
    connection.subscribe('update.TRADE.*', {
      callback: (error, { data }) => {
        if (error) throw error
        unbatching.read(data)
      },
    })
    await connection.flush()
    return { close: () => connection.close() }
  },
}
