import { openUpdateQueue } from '../../src/index.ts'
import { newKeyPair } from '../../src/model/key-pair.ts'
import type { Shape as ClusterShape } from '../../test/harness/definition-file.ts'
import { maxNodes } from '../../test/harness/loopback.ts'
import { TestCluster } from '../../test/harness/test-cluster.ts'
import type { Trade } from '../rows.ts'
import type { Peer, Seat } from './peer.ts'
import { nothing } from './peer.ts'

interface Tables {
  TRADE: Trade
}

/** Of a delivery what is looked at, whatever fields its records have. */
interface Given {
  readonly updates?: readonly { readonly record: object }[]
  readonly losses?: readonly unknown[]
}

/**
 * flush() bounds how far publishers are ahead here, so it has to wait until it is answered: sixteen
 * processes on two cores take longer for what waits than a process should that ends.
 */
const drainMs = 60_000

/** Publishers are on the first node, subscribers on the last: in one node's cluster the same. */
function open(role: string, seat: Seat, host: string | undefined) {
  return openUpdateQueue<Tables>({
    process: `BENCH_${role}_${seat.index}`,
    definition: seat.place.definition ?? '',
    drainMs,
    // As a process does that knows what it publishes: its subscribers are ready for it from the first update.
    ...(role === 'PUBLISHER' && { publishes: ['TRADE'] }),
    ...(host !== undefined && { host }),
  })
}

/** `select`: the one field that subscribers are given; `keys`: all connections are encrypted. */
function tidings(
  name: string,
  title: string,
  shape: ClusterShape,
  rate: number,
  { select, keys = false }: { readonly select?: 'QUANTITY'; readonly keys?: boolean } = {},
): Peer {
  const nodes = shape === 'mesh+relay' ? 2 : 1
  return {
    name,
    title,
    rate,
    readsOneField: select !== undefined,
    requirement: () => ({
      versions: [],
      missing: nodes > maxNodes ? ['a second loopback address'] : [],
    }),
    start: async () => {
      const cluster = await TestCluster.start(shape, nodes, keys ? { keys: [newKeyPair()] } : {})
      const [first, last] = [cluster.node(0), cluster.node(nodes - 1)]
      return {
        place: {
          definition: cluster.definition,
          publisherHost: first.host,
          subscriberHost: last.host,
        },
        pids: cluster.nodes.map(({ child }) => child.pid),
        stop: async () => {
          await Promise.all(cluster.nodes.map((node) => node.end('SIGTERM')))
        },
      }
    },
    publisher: async (seat) => {
      const queue = await open('PUBLISHER', seat, seat.place.publisherHost)
      const flush = async (): Promise<void> => {
        const { missing } = await queue.flush()
        if (missing.length > 0) throw new Error('a subscriber did not confirm')
      }
      return {
        publish: (record) => {
          queue.publish({ table: 'TRADE', kind: 'insert', record })
          return undefined
        },
        flush,
        drain: flush,
        connected: nothing,
        close: () => queue.close(),
      }
    },
    subscriber: async (seat, take) => {
      const queue = await open('SUBSCRIBER', seat, seat.place.subscriberHost)
      const subscription = queue.subscribe('TRADE', {
        ...(select && { select }),
        onDelivery: (delivery: Given) => {
          if (delivery.losses) throw new Error(`lost: ${JSON.stringify(delivery.losses)}`)
          // Flow control is flush(): nobody asks which publisher an update came from.
          for (const { record } of delivery.updates ?? []) take(0, record as Trade)
        },
      })
      await subscription.ready
      return { close: () => queue.close() }
    },
  }
}

export const mesh = tidings('mesh', 'Tidings, mesh', 'mesh', 2_900_000)
/** The field is the one that is read where one is read: see `rowReader()`. */
export const meshSelect = tidings(
  'mesh-select',
  'Tidings, mesh, the field selected',
  'mesh',
  3_000_000,
  { select: 'QUANTITY' },
)
export const proxy = tidings('proxy', 'Tidings, proxy', 'proxy', 2_500_000)
export const relay = tidings('relay', 'Tidings, relay between two nodes', 'mesh+relay', 2_200_000)

const keys = { keys: true }

export const meshKeys = tidings('mesh-keys', 'Tidings, mesh with keys', 'mesh', 1_800_000, keys)
export const proxyKeys = tidings('proxy-keys', 'Tidings, proxy with keys', 'proxy', 1_000_000, keys)
export const relayKeys = tidings(
  'relay-keys',
  'Tidings, relay with keys',
  'mesh+relay',
  1_000_000,
  keys,
)
