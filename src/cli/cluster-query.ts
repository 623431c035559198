import { ownAddresses } from '../cluster/access/own-addresses.ts'
import { requireSettings } from '../definition/require-settings.ts'
import type { MqttSettings, Settings } from '../definition/settings.ts'
import type { ClusterSnapshot } from '../model/cluster-snapshot.ts'
import { requireNativeModule } from '../sockets/native-module.ts'
import { definitionOptions, type SharedOptions } from './shared-options.ts'

const queryTimeoutMs = 5000

/** Asks for the state of the cluster, as often as it is called. */
export interface ClusterQuery extends AsyncDisposable {
  ask(): Promise<ClusterSnapshot>
}

/** What asks the GENESIS_CLUSTER of the definition, or those who are at its MQTT broker. */
export async function clusterQuery(options: SharedOptions): Promise<ClusterQuery> {
  const settings = await requireSettings(definitionOptions(options))
  return settings.mqtt ? brokerQuery(settings, settings.mqtt) : nodeQuery(settings)
}

/** Asks GENESIS_CLUSTER alone, for who can do without it. null: the processes meet at a broker, and there is none. */
export async function clusterQueryIfAny(
  options: SharedOptions,
): Promise<ClusterQuery['ask'] | null> {
  const settings = await requireSettings(definitionOptions(options))
  if (settings.mqtt) return null
  const query = await nodeQuery(settings)
  return () => query.ask()
}

async function nodeQuery(settings: Settings): Promise<ClusterQuery> {
  await requireNativeModule()
  const { queryCluster } = await import('../transport/zeromq/connections/snapshot-query.ts')
  const { local, hostProblem } = await ownAddresses(settings, queryTimeoutMs)
  const { keys, node } = settings
  const ask = () => queryCluster(local, node.ports.registry, queryTimeoutMs, keys, hostProblem)
  return { ask, [Symbol.asyncDispose]: async () => {} }
}

/** The same of those who are at an MQTT broker. */
export async function brokerQuery(
  { clusterName, node, nodes, system }: Settings,
  { brokerUrls, ...mqtt }: MqttSettings,
  withinMs = queryTimeoutMs,
): Promise<ClusterQuery> {
  const { loadRosterWatch } = await import('../transport/mqtt/broker/load-mqtt.ts')
  const watch = await loadRosterWatch({
    ...mqtt,
    urls: brokerUrls,
    cluster: clusterName,
    system,
    node: node.name,
    hosts: nodes.map(({ name }) => name),
  })
  const ask = () => watch.snapshot(withinMs)
  return { ask, [Symbol.asyncDispose]: () => watch.close() }
}
