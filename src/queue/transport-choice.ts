import { isMainThread } from 'node:worker_threads'
import { systemClock } from '../base/clock.ts'
import { checkAborted } from '../base/abortable.ts'
import { ownAddresses } from '../cluster/access/own-addresses.ts'
import { requireSettings } from '../definition/require-settings.ts'
import { servicePortOf } from '../definition/service-port.ts'
import type { MqttSettings, Settings } from '../definition/settings.ts'
import type { SettingsOptions } from '../definition/settings-report.ts'
import type { Place } from '../model/place.ts'
import type { NodeMode } from '../model/roster-entry.ts'
import { memoryPlace } from '../transport/memory/meeting/memory-place.ts'
import { loadMqttTransport } from '../transport/mqtt/broker/load-mqtt.ts'
import type { Transport } from '../transport/transport.ts'
import { ThreadTransport } from '../transport/thread/thread-transport.ts'
import {
  loadZeroMQTransport,
  type ZeroMQChoice,
} from '../transport/zeromq/connections/load-transport.ts'
import { defaultClusterTimeoutMs, type OpenOptions } from './options.ts'

/** A transport, and what the definition says of the process that is going to use it. */
export interface ChosenTransport {
  readonly transport: Transport
  readonly node: string
  readonly mode: NodeMode
  /** Where the caller wants the process, in the words of the transport that it gave; null: the transport sees to it. */
  readonly place: Place | null
}

/** The transport that the caller gave, or the one of the definition's layer. */
export async function chooseTransport(options: OpenOptions): Promise<ChosenTransport> {
  const { transport, port } = options
  if (transport) {
    const place = port === undefined ? null : memoryPlace(port)
    return { transport, node: transport.node, mode: 'mesh', place }
  }
  const settings = await requireSettings(settingsOptions(options))
  return settings.mqtt
    ? chooseMqtt(options, settings, settings.mqtt)
    : chooseZeroMQ(options, settings)
}

/** Its client is JavaScript alone: a worker thread has one of its own. */
async function chooseMqtt(
  options: OpenOptions,
  settings: Settings,
  { brokerUrls, ...mqtt }: MqttSettings,
): Promise<ChosenTransport> {
  const { name } = settings.node
  const transport = await loadMqttTransport({
    ...mqtt,
    node: name,
    urls: brokerUrls,
    cluster: settings.clusterName,
    clusterTimeoutMs: options.clusterTimeoutMs ?? defaultClusterTimeoutMs,
    processPort: options.script === undefined ? portOf(options, settings) : null,
  })
  return { node: name, mode: settings.mode, place: null, transport }
}

async function chooseZeroMQ(options: OpenOptions, settings: Settings): Promise<ChosenTransport> {
  const processPort = options.script === undefined ? portOf(options, settings) : null
  const startedAt = systemClock.now()
  const clusterTimeoutMs = options.clusterTimeoutMs ?? defaultClusterTimeoutMs
  const { local, allowed, hostProblem } = await ownAddresses(
    settings,
    clusterTimeoutMs,
    options.signal,
  )
  checkAborted(options.signal)
  const choice: ZeroMQChoice = {
    mode: settings.mode,
    role: options.script === undefined ? 'process' : 'script',
    nodeAddress: local,
    bindAddress: local,
    hostProblem,
    allowed,
    ports: settings.node.ports,
    cluster: settings.clusterName,
    keys: settings.keys ?? null,
    clusterTimeoutMs,
    spentMs: systemClock.now() - startedAt,
    processPort,
    wantsPort: options.script === undefined && processPort === null,
  }
  return {
    node: settings.node.name,
    mode: settings.mode,
    place: null,
    transport: isMainThread
      ? await loadZeroMQTransport(choice)
      : new ThreadTransport(choice, systemClock),
  }
}

function settingsOptions({ definition, services, system, host }: OpenOptions): SettingsOptions {
  return { definition, services, system, host }
}

/** From the call, else from the service definitions; null: GENESIS_CLUSTER hands one out, where there is one. */
function portOf(options: OpenOptions, settings: Settings): number | null {
  if (options.port !== undefined) return options.port
  // The service definitions give a process one port; its replicas on one node need one each.
  if (options.instance) return null
  return servicePortOf(settings.services, options.process, settings.node.name)?.port ?? null
}
