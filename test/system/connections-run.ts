import type { ConnectionCounts } from '../../src/model/roster-entry.ts'
import type { Shape } from '../harness/definition-file.ts'
import { isLinked } from '../harness/definition-file.ts'
import { eventually } from '../harness/eventually.ts'
import { TestCluster } from '../harness/test-cluster.ts'

export const processes = 10

/**
 * What ten processes of one node that publish must have, all together, with the intake of foreign programs beside
 * them: in any shape it publishes at inbound and is reached through outbound, and that is all.
 */
export const expectedConnections: Readonly<Record<Shape, ConnectionCounts>> = {
  mesh: { processes: 90, outbound: 11, inbound: 1, export: 0 },
  'mesh+relay': { processes: 90, outbound: 11, inbound: 1, export: 10 },
  proxy: { processes: 0, outbound: 11, inbound: 11, export: 0 },
  'proxy+relay': { processes: 0, outbound: 11, inbound: 11, export: 0 },
  'mesh+multicast': { processes: 90, outbound: 11, inbound: 1, export: 10 },
  'proxy+multicast': { processes: 0, outbound: 11, inbound: 11, export: 0 },
}

/** Before they publish, none of them is connected to where it would. */
const beforePublishing = (shape: Shape): ConnectionCounts => ({
  ...expectedConnections[shape],
  inbound: 1,
  export: 0,
})

/** Opens ten processes on one node and reads their connections from `tidings mon --json` until they are all there. */
export async function runConnections(shape: Shape): Promise<ConnectionCounts> {
  const cluster = await TestCluster.start(shape, isLinked(shape) ? 2 : 1)
  const names = Array.from({ length: processes }, (_, index) => `PROCESS_${index}`)
  const opened = await Promise.all(names.map((name) => cluster.open(name)))
  await connectionsAre(cluster, shape, beforePublishing(shape))
  await Promise.all(opened.map((application) => application.publish(1)))
  return connectionsAre(cluster, shape, expectedConnections[shape])
}

async function connectionsAre(
  cluster: TestCluster,
  shape: Shape,
  expected: ConnectionCounts,
): Promise<ConnectionCounts> {
  let counts = await connectionsOf(cluster)
  const shown = () => `connections in ${shape}: ${JSON.stringify(counts)}`
  await eventually(shown, async () => {
    counts = await connectionsOf(cluster)
    return JSON.stringify(counts) === JSON.stringify(expected)
  })
  return counts
}

async function connectionsOf(cluster: TestCluster): Promise<ConnectionCounts> {
  const { nodes } = await cluster.snapshot()
  const own = nodes.find(({ name }) => name === cluster.node().host)
  const counts = (own?.processes ?? []).map(({ connections }) => connections)
  const sum = (name: keyof ConnectionCounts) =>
    counts.reduce((total, connections) => total + connections[name], 0)
  return {
    processes: sum('processes'),
    outbound: sum('outbound'),
    inbound: sum('inbound'),
    export: sum('export'),
  }
}
