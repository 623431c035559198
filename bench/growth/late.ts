import { setTimeout as pause } from 'node:timers/promises'
import type { Shape } from '../../test/harness/definition-file.ts'
import { endChildren } from '../../test/harness/child.ts'
import { TestCluster } from '../../test/harness/test-cluster.ts'
import { median } from './median.ts'
import type { Cell, Section } from './page.ts'
import { Peer } from './peer.ts'

const publishers = 10
const perSecond = 100
const recordBytes = 100
const rounds = 30
/** Everything is compiled before it counts. */
const warmUpRounds = 5

/** Publishers answer who comes right behind others together with those that follow: each round is for itself. */
const betweenMs = 500

/** More than is published until the last round is over. */
const seconds = 60

export async function measureLate(): Promise<Section> {
  const rows: Cell[][] = []
  for (const shape of ['mesh', 'proxy'] as const) {
    const times = await measureShape(shape)
    console.log(`${shape}, subscribe() to ready:`, times.map(Math.round).join(' '))
    rows.push([shape, publishers, rounds, median(times), Math.max(...times)])
  }
  return {
    name: 'late',
    title: 'A late subscriber',
    method: `${publishers} processes publish ${perSecond} updates a second each, to one table. Another process, whose queue is open, subscribes to
that table, waits until it is ready, and ends its subscription, every ${betweenMs} ms.`,
    columns: [
      'mode',
      'publishers',
      'times',
      '`subscribe()` to `ready`, median, ms',
      'the longest, ms',
    ],
    rows,
    laws: [],
  }
}

async function measureShape(shape: Shape): Promise<number[]> {
  try {
    const cluster = await TestCluster.start(shape)
    const others = Array.from({ length: publishers }, (_, index) => new Peer(`PUBLISHER_${index}`))
    const late = new Peer('LATE')
    await Promise.all([late, ...others].map((peer) => peer.started()))
    await Promise.all(others.map((peer) => peer.open(cluster, ['TRADE'])))
    await late.open(cluster, [])
    const load = { tables: ['TRADE'], updates: perSecond * seconds, commitUpdates: 1 }
    const publishing = others.map((peer) => peer.call('load', { ...load, recordBytes, perSecond }))
    // They are ended in the midst of it.
    for (const each of publishing) each.catch(() => undefined)
    const times: number[] = []
    for (let round = 0; round < warmUpRounds + rounds; round += 1) {
      const { ms } = await late.call('subscribe', { tables: ['TRADE'] })
      times.push(ms)
      await late.call('unsubscribe', null)
      await pause(betweenMs)
    }
    return times.slice(warmUpRounds)
  } finally {
    await endChildren()
  }
}
