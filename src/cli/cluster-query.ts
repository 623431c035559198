import { ownAddresses } from '../cluster/access/own-addresses.ts'
import { requireSettings } from '../definition/require-settings.ts'
import type { Settings } from '../definition/settings.ts'
import type { ClusterSnapshot } from '../model/cluster-snapshot.ts'
import { requireNativeModule } from '../sockets/native-module.ts'
import { requireClusterLayer } from './layer-requirement.ts'
import { definitionOptions, type SharedOptions } from './shared-options.ts'

/** Asks GENESIS_CLUSTER for the state of the cluster, as often as it is called. */
type ClusterQuery = () => Promise<ClusterSnapshot>

const queryTimeoutMs = 5000

/** What asks the GENESIS_CLUSTER of the definition. */
export async function clusterQuery(options: SharedOptions): Promise<ClusterQuery> {
  const settings = await requireSettings(definitionOptions(options))
  requireClusterLayer(settings, 'mon')
  return queryOf(settings)
}

/** The same for who can do without it. null: the processes meet at a broker, and there is no GENESIS_CLUSTER. */
export async function clusterQueryIfAny(options: SharedOptions): Promise<ClusterQuery | null> {
  const settings = await requireSettings(definitionOptions(options))
  return settings.layer === 'ZeroMQ' ? queryOf(settings) : null
}

async function queryOf(settings: Settings): Promise<ClusterQuery> {
  await requireNativeModule()
  const { queryCluster } = await import('../transport/zeromq/connections/snapshot-query.ts')
  const { local, hostProblem } = await ownAddresses(settings, queryTimeoutMs)
  const { keys, node } = settings
  return () => queryCluster(local, node.ports.registry, queryTimeoutMs, keys, hostProblem)
}
