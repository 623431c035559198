import { ownAddresses } from '../cluster/access/own-addresses.ts'
import { requireSettings } from '../definition/require-settings.ts'
import type { ClusterSnapshot } from '../model/cluster-snapshot.ts'
import { requireNativeModule } from '../sockets/native-module.ts'
import { requireClusterLayer } from './layer-requirement.ts'
import { definitionOptions, type SharedOptions } from './shared-options.ts'

const queryTimeoutMs = 5000

/** What asks the GENESIS_CLUSTER of the definition for the state of the cluster, as often as it is called. */
export async function clusterQuery(
  options: SharedOptions,
): Promise<() => Promise<ClusterSnapshot>> {
  const settings = await requireSettings(definitionOptions(options))
  requireClusterLayer(settings, 'mon')
  await requireNativeModule()
  const { queryCluster } = await import('../transport/zeromq/connections/snapshot-query.ts')
  const { local, hostProblem } = await ownAddresses(settings, queryTimeoutMs)
  const { keys, node } = settings
  return () => queryCluster(local, node.ports.registry, queryTimeoutMs, keys, hostProblem)
}
