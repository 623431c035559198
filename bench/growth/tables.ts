import type { Shape } from '../../test/harness/definition-file.ts'
import { endChildren } from '../../test/harness/child.ts'
import { TestCluster } from '../../test/harness/test-cluster.ts'
import { type Cell, cellText, type Section } from './page.ts'
import { Peer } from './peer.ts'

const perSecond = 10_000
const seconds = 6
const recordBytes = 100
const tables = Array.from({ length: 100 }, (_, index) => `TABLE_${index}`)
const [one = ''] = tables

/** What a subscriber took and spent while the publisher wrote. */
interface Spent {
  readonly publishedPerSecond: number
  readonly delivered: number
  readonly cpuMsPerSecond: number
  readonly cpuSecondsPerMillion: number
}

/** Whom the tables are for, and which part of all updates they get. */
const subscribers = [
  { name: 'ONE', title: 'one', tables: [one], share: 1 / tables.length },
  { name: 'ALL', title: 'all', tables, share: 1 },
  { name: 'QUIET', title: 'one more, never written', tables: ['TABLE_QUIET'], share: 0 },
  { name: 'NONE', title: 'none', tables: [], share: 0 },
]

export async function measureTables(): Promise<Section> {
  const rows: Cell[][] = []
  const laws: string[] = []
  for (const shape of ['mesh', 'proxy'] as const) {
    const { all, alone } = await measureShape(shape)
    for (const [index, { title }] of subscribers.entries()) {
      const [during, control] = [all[index] as Spent, alone[index] as Spent]
      rows.push([
        shape,
        title,
        Math.round(during.publishedPerSecond),
        during.delivered,
        during.cpuSecondsPerMillion,
        during.cpuMsPerSecond,
        control.cpuMsPerSecond,
      ])
    }
    laws.push(otherTables(shape, all, alone))
  }
  return {
    name: 'tables',
    title: 'One table of a hundred',
    method: `One publisher writes ${perSecond.toLocaleString('en')} updates/s of ${recordBytes} bytes for ${seconds} s, in ${tables.length} tables by turns, each update a commit of its own.
Other processes subscribe to one of these tables, to all of them, to one more that nobody writes, to none. Then the
publisher writes the first one alone, as often as before. What a subscriber spends more in the first run it spends on
tables of others, and on a machine that is busier: the updates of one name the other tables of their parcels, and each
wakes threads whose caches others have used meanwhile.`,
    columns: [
      'mode',
      'subscribes to',
      'published/s',
      'delivered',
      'CPU s per million published',
      'CPU ms/s, all written',
      'CPU ms/s, only the one written',
    ],
    rows,
    laws,
  }
}

/** What writing the other tables costs each subscriber. */
function otherTables(shape: Shape, all: readonly Spent[], alone: readonly Spent[]): string {
  const costs = subscribers.map(({ title }, index) => {
    const [busy, quiet] = [all[index]?.cpuMsPerSecond, alone[index]?.cpuMsPerSecond]
    return `${cellText((busy ?? Number.NaN) - (quiet ?? Number.NaN))} to ${title}`
  })
  return `${shape}: ms of CPU a second that the other ${tables.length - 1} tables cost: ${costs.join('; ')}.`
}

async function measureShape(shape: Shape): Promise<{ all: Spent[]; alone: Spent[] }> {
  try {
    const cluster = await TestCluster.start(shape)
    const publisher = new Peer('PUBLISHER')
    const peers = subscribers.map(({ name }) => new Peer(name))
    await Promise.all([publisher, ...peers].map((peer) => peer.started()))
    await publisher.open(cluster, tables)
    await Promise.all(peers.map((peer) => peer.open(cluster, [])))
    // Everything is compiled and grown before it counts.
    await write(publisher, peers, tables, perSecond, perSecond)
    const all = await write(publisher, peers, tables, perSecond * seconds, perSecond)
    // At the pace that was reached, so that both runs take as long.
    const reached = (all[0]?.publishedPerSecond ?? Number.NaN) / tables.length
    const alone = await write(
      publisher,
      peers,
      [one],
      (perSecond * seconds) / tables.length,
      reached,
    )
    await Promise.all([publisher, ...peers].map((peer) => peer.close()))
    return { all, alone }
  } finally {
    await endChildren()
  }
}

/** Publishes that many updates at that rate, and waits until they have come. */
async function write(
  publisher: Peer,
  peers: readonly Peer[],
  written: readonly string[],
  updates: number,
  rate: number,
): Promise<Spent[]> {
  const subscribing = peers.flatMap((peer, index) => {
    const wanted = subscribers[index]?.tables ?? []
    return wanted.length > 0 ? [peer.call('subscribe', { tables: wanted })] : []
  })
  await Promise.all(subscribing)
  const cpu = () => Promise.all(peers.map((peer) => peer.call('cpu', null)))
  const before = await cpu()
  const begin = performance.now()
  await publisher.call('load', {
    tables: written,
    updates,
    commitUpdates: 1,
    recordBytes,
    perSecond: rate,
  })
  const after = await cpu()
  const passed = (performance.now() - begin) / 1000
  const share = (index: number): number =>
    written.length === 1 && index < 2 ? 1 : (subscribers[index]?.share ?? 0)
  const received = await Promise.all(
    peers.map((peer, index) => peer.call('received', updates * share(index))),
  )
  await Promise.all(peers.map((peer) => peer.call('unsubscribe', null)))
  return received.map(({ updates: delivered }, index) => {
    const cpuMs = (after[index] ?? Number.NaN) - (before[index] ?? Number.NaN)
    return {
      publishedPerSecond: updates / passed,
      delivered,
      cpuMsPerSecond: cpuMs / passed,
      cpuSecondsPerMillion: (cpuMs * 1000) / updates,
    }
  })
}
