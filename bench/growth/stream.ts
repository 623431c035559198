import { TestCluster } from '../../test/harness/test-cluster.ts'
import type { LoopBlock } from './loop-blocks.ts'
import { Peer } from './peer.ts'
import type { Load, Received, Sent } from './peer-message.ts'

/** What one load came to, from the first update published to the last one taken. */
export interface Streamed {
  readonly sent: Sent
  readonly received: Received & { readonly block: LoopBlock }
  readonly perSecond: number
}

/** What both do before anything counts: code is compiled, and the heap has grown. */
const warmUp = { updates: 100_000, commitUpdates: 1, recordBytes: 100 }

/** A publisher and a subscriber of one node in mesh mode, processes of their own, warmed up. */
export class Stream {
  readonly #publisher = new Peer('PUBLISHER')
  readonly #subscriber = new Peer('SUBSCRIBER')
  readonly #tables: readonly string[]

  private constructor(tables: readonly string[]) {
    this.#tables = tables
  }

  static async open(tables: readonly string[]): Promise<Stream> {
    const stream = new Stream(tables)
    const cluster = await TestCluster.start('mesh')
    await stream.#publisher.open(cluster, tables)
    await stream.#subscriber.open(cluster, [])
    await stream.run(warmUp)
    return stream
  }

  /** One load at full speed, whose updates a subscription of its own takes. */
  async run(load: Pick<Load, 'updates' | 'commitUpdates' | 'recordBytes'>): Promise<Streamed> {
    const tables = this.#tables
    await this.#subscriber.call('subscribe', { tables, commitUpdates: load.commitUpdates })
    const [sent, received] = await Promise.all([
      this.#publisher.call('load', { ...load, tables, perSecond: null }),
      this.#subscriber.call('received', load.updates),
    ])
    await this.#subscriber.call('unsubscribe', null)
    const seconds = Number(received.at - sent.startedAt) / 1e9
    const { block } = received
    if (!block) throw new Error('the subscriber has not watched its event loop')
    return { sent, received: { ...received, block }, perSecond: load.updates / seconds }
  }

  async close(): Promise<void> {
    await Promise.all([this.#publisher.close(), this.#subscriber.close()])
  }
}
