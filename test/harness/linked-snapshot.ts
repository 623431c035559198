import type { ClusterSnapshot, ProcessSnapshot } from '../../src/model/cluster-snapshot.ts'
import { madeNode, madeProcess } from './made-snapshots.ts'

const aProcess = (name: string, status: ProcessSnapshot['status']) => madeProcess(name, { status })

/** What node `a` says of a cluster of four that is linked by multicast, with something wrong in all respects. */
export const linkedSnapshot = (): ClusterSnapshot => ({
  system: 'TEST',
  node: 'a',
  mode: 'mesh',
  link: 'multicast',
  nodes: [
    madeNode('a', {
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
    madeNode('b', {
      processes: [aProcess('PRICES', 'HEALTHY')],
      leftOut: { processes: 9, tables: true },
    }),
    madeNode('c', { state: 'gone' }),
    madeNode('d', { state: 'unreachable', address: null }),
  ],
})
