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

/**
 * The same for who may never ask: nothing is opened before, and anew where an answer has failed. Closed while it asks, that one
 * ends, too.
 */
export function queryOnDemand(options: SharedOptions): ClusterQuery {
  let opened: Promise<ClusterQuery> | null = null
  const close = async (): Promise<void> => {
    const query = opened
    opened = null
    await (await query?.catch(() => null))?.[Symbol.asyncDispose]()
  }
  return {
    ask: async () => {
      opened ??= clusterQuery(options)
      try {
        return await (await opened).ask()
      } catch (error) {
        await close()
        throw error
      }
    },
    [Symbol.asyncDispose]: close,
  }
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
