import { setTimeout as pause } from 'node:timers/promises'
import { type Child, endChildren } from '../../test/harness/child.ts'
import { Network } from '../../test/harness/network.ts'
import { TestCluster } from '../../test/harness/test-cluster.ts'
import { totalCpuSeconds } from '../usage.ts'
import { links } from './link-load.ts'
import { residentMiB } from './machine.ts'
import type { Section } from './page.ts'

const counts = [3, 10, 50]
const seconds = 20

function knowsOthers(child: Child, others: number): Promise<void> {
  const alive = () =>
    new Set([...child.log.matchAll(/node (m\d+) is alive/g)].map(([, name]) => name))
  return child.until(`${child.name} knows ${others} others`, () => alive().size >= others)
}

/** Nobody publishes, nobody subscribes: what nodes cost by being there. */
export async function measureIdle(most: number): Promise<Section> {
  const rows: (string | number)[][] = []
  for (const nodes of counts.filter((each) => each <= most))
    for (const link of links) {
      const { machines } = new Network(nodes)
      const cluster = await TestCluster.start(`mesh+${link}`, nodes, { machines })
      await Promise.all(cluster.nodes.map(({ child }) => knowsOthers(child, nodes - 1)))
      const pids = cluster.nodes.map(({ child }) => child.pid)
      const began = performance.now()
      const before = totalCpuSeconds(pids)
      await pause(seconds * 1_000)
      const share = (totalCpuSeconds(pids) - before) / ((performance.now() - began) / 1_000) / nodes
      const memory = pids.map(residentMiB).reduce((sum, each) => sum + each, 0) / nodes
      await endChildren()
      rows.push([nodes, link, `${(100 * share).toFixed(2)} %`, memory.toFixed(0)])
    }
  return {
    name: 'idle',
    title: 'Nodes that do nothing',
    method: `GENESIS_CLUSTER alone on each of so many machines with networks of their own, for ${seconds} s; the mean of the nodes.`,
    columns: ['nodes', 'link', 'CPU of GENESIS_CLUSTER, of a core', 'resident MiB'],
    rows,
    laws: [],
  }
}
