import type { ClusterSnapshot, ProcessSnapshot } from './cluster-snapshot.ts'
import { clusterProcessName } from './new-registration.ts'

/** The processes of the node that was asked, without GENESIS_CLUSTER itself and its intake. */
export function processesOfNode({ node, nodes }: ClusterSnapshot): ProcessSnapshot[] {
  const processes = nodes.find(({ name }) => name === node)?.processes ?? []
  return processes.filter(({ name }) => name.split('/')[0] !== clusterProcessName)
}
