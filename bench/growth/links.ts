import { endChildren } from '../../test/harness/child.ts'
import { breakEven } from './break-even.ts'
import { type LinkLoad, links, measureLoad } from './link-load.ts'
import type { Section } from './page.ts'

const counts = [3, 6, 12]

/** Few enough that CPU is what differs and not what is missing; and as fast as the publisher can. */
const updatesPerSecond = 5_000
const fastest = 200_000
const seconds = 10

const figure = (value: number): string => value.toPrecision(3)

function meeting(loads: readonly LinkLoad[], what: string, of: (load: LinkLoad) => number): string {
  const [relay, multicast] = links.map((link) =>
    loads
      .filter((load) => load.link === link)
      .map((load) => ({ nodes: load.nodes, cost: of(load) })),
  )
  const nodes = breakEven(relay ?? [], multicast ?? [])
  if (nodes === Infinity) return `By ${what} multicast costs more at any number of nodes.`
  return nodes <= 2
    ? `By ${what} multicast costs less at any number of nodes.`
    : `By ${what} multicast costs less from ${Math.ceil(nodes)} nodes on.`
}

/** Relay against multicast: machines with networks of their own, one of which publishes and all others subscribe. */
export async function measureLinks(most: number): Promise<Section> {
  const steady: LinkLoad[] = []
  const rows: (string | number)[][] = []
  for (const nodes of counts.filter((each) => each <= most))
    for (const link of links) {
      const load = await measureLoad(link, nodes, { updatesPerSecond, seconds })
      await endChildren()
      const full = await measureLoad(link, nodes, { updatesPerSecond: fastest, seconds })
      await endChildren()
      steady.push(load)
      const { senderCpu, receiverCpu, sentMegabytes, p50Ms } = load
      const costs = [senderCpu, receiverCpu, sentMegabytes, p50Ms].map(figure)
      rows.push([nodes, link, Math.round(load.perSecond), ...costs, Math.round(full.perSecond)])
    }
  return {
    name: 'links',
    title: 'Relay and multicast with the number of nodes',
    method: `Each node is a machine with a network of its own (namespaces on one bridge, for which the sender pays). One publishes ${updatesPerSecond.toLocaleString('en')} updates a second in commits of 4, a process on each other one takes all, for ${seconds} s. CPU of GENESIS_CLUSTER, of a core; what leaves the machine of the publisher; latency of the slowest subscriber. Behind that, what comes where ${fastest.toLocaleString('en')} a second are offered.`,
    columns: [
      'nodes',
      'link',
      'updates/s',
      'CPU of the sender',
      'CPU of a receiver',
      'sent MB/s',
      'p50 ms',
      'at most updates/s',
    ],
    rows,
    laws: [
      meeting(steady, 'CPU of the sender', ({ senderCpu }) => senderCpu),
      meeting(
        steady,
        'CPU of all nodes',
        (load) => load.senderCpu + load.receiverCpu * (load.nodes - 1),
      ),
      meeting(steady, 'what leaves the machine of the publisher', (load) => load.sentMegabytes),
    ],
  }
}
