import type { ClusterSnapshot, NodeSnapshot } from '../../src/model/cluster-snapshot.ts'
import { nothingSaid, type ProcessSnapshot } from '../../src/model/cluster-snapshot.ts'
import { noConnections } from '../../src/model/new-registration.ts'

const aProcess = (name: string, status: ProcessSnapshot['status']): ProcessSnapshot => ({
  name,
  pid: 1,
  status,
  processPort: null,
  zeromqPort: null,
  connections: noConnections,
  tables: [],
  rate: 0,
  version: null,
  health: null,
})

const aNode = (name: string, more: Partial<NodeSnapshot>): NodeSnapshot => ({
  ...nothingSaid,
  name,
  address: '10.0.0.1',
  state: 'alive',
  wire: 1,
  refusal: null,
  ...more,
})

/** What node `a` says of a cluster of four that is linked by multicast, with something wrong in all respects. */
export const linkedSnapshot = (): ClusterSnapshot => ({
  system: 'TEST',
  node: 'a',
  mode: 'mesh',
  link: 'multicast',
  nodes: [
    aNode('a', {
      processes: [
        aProcess('GENESIS_CLUSTER', 'HEALTHY'),
        aProcess('GENESIS_CLUSTER/foreign', 'HEALTHY'),
        aProcess('TRADES', 'HEALTHY'),
        aProcess('ORDERS/1', 'HEALTHY'),
        aProcess('ORDERS/2', 'ERROR'),
      ],
      setup: {
        version: '1.0.0',
        keys: { own: 'PUBLIC-KEY', ring: ['PUBLIC-KEY'], untaken: null },
        turnedAway: [
          { why: 'no key', who: '10.9.9.9', at: 'tcp://10.0.0.1:6000', count: 3, agoMs: 1 },
          { why: 'no key', who: '10.9.9.8', at: 'tcp://10.0.0.1:6001', count: 4, agoMs: 1 },
        ],
      },
      links: [
        {
          node: 'b',
          by: 'multicast',
          state: 'connected',
          at: '10.0.0.2:6002',
          forMs: 1,
          reception: {
            way: 'group',
            heard: 10,
            heardBytes: 1_000,
            repaired: 2,
            repairedBytes: 200,
            skipped: 1,
            lostShare: 0.25,
            longest: 1_400,
            longerMissed: 0,
          },
        },
        {
          node: 'c',
          by: 'multicast',
          state: 'connecting',
          at: '10.0.0.3:6002',
          forMs: 1,
          reception: null,
        },
      ],
      group: {
        at: '239.192.84.73:6000',
        from: '10.0.0.1',
        datagramBytes: 1_400,
        sent: 7,
        sentBytes: 700,
        resent: 6,
        resentBytes: 600,
        unsent: 5,
        receiveBuffer: 4_096,
        overrun: 4,
        refused: [{ why: 'double', datagrams: 3 }],
      },
    }),
    aNode('b', {
      processes: [aProcess('PRICES', 'HEALTHY')],
      leftOut: { processes: 9, tables: true },
    }),
    aNode('c', { state: 'gone' }),
    aNode('d', { state: 'unreachable', address: null }),
  ],
})
