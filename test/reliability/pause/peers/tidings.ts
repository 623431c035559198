import { openUpdateQueue } from '../../../../src/index.ts'
import type { Loss } from '../../../../src/index.ts'
import { TestCluster } from '../../../harness/test-cluster.ts'
import type { Ear, PausePeer, Way } from '../pause-peer.ts'
import { numberOf } from '../pause-peer.ts'

interface Tables {
  TRADE: object
}

const open = (role: string, way: Way, host = '') =>
  openUpdateQueue<Tables>({ process: `PAUSE_${role}`, definition: way.definition ?? '', host })

/** The only publisher numbers its updates from 1. A loss that is open is told again with its end, when that is known. */
function tell(ear: Ear, { from, to }: Loss): void {
  if (from === null || to === null) ear.mayMiss('open loss')
  else ear.lose(from - 1, to - 1)
}

export const tidings: PausePeer = {
  name: 'tidings',
  title: 'Tidings',
  requirement: () => ({ versions: [], missing: [] }),
  start: async (machines) => {
    const cluster = machines
      ? await TestCluster.start('mesh+relay', machines.length, { machines })
      : await TestCluster.start('mesh', 1)
    const [first, last] = [cluster.nodes[0], cluster.nodes.at(-1)]
    return {
      definition: cluster.definition,
      publisherHost: first?.host ?? '',
      subscriberHost: last?.host ?? '',
    }
  },
  publisher: async (way) => {
    const queue = await open('PUBLISHER', way, way.publisherHost)
    return (record) => queue.publish({ table: 'TRADE', kind: 'insert', record })
  },
  subscriber: async (way, ear) => {
    const queue = await open('SUBSCRIBER', way, way.subscriberHost)
    const subscription = queue.subscribe('TRADE', {
      onDelivery: (delivery) => {
        if (delivery.type === 'loss') for (const loss of delivery.losses) tell(ear, loss)
        if (delivery.type === 'updates')
          for (const { record } of delivery.updates) ear.take(numberOf(record))
      },
    })
    await subscription.ready
  },
}
