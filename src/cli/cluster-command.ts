import { TidingsError } from '../base/tidings-error.ts'
import { requireSettings } from '../definition/require-settings.ts'
import type { MqttSettings, Settings } from '../definition/settings.ts'
import { requireNativeModule } from '../sockets/native-module.ts'
import { type ClusterEvent, isWarning } from '../cluster/cluster-event.ts'
import type { ClusterSnapshot } from '../model/cluster-snapshot.ts'
import { processesOfNode } from '../model/processes-of-node.ts'
import type { ClusterProbes } from '../probes/cluster-probes.ts'
import { exitCode } from './exit-code.ts'
import { ServiceManager } from './service-manager.ts'
import { definitionOptions, type SharedOptions } from './shared-options.ts'
import { onInterrupt, say, styled } from './terminal.ts'
import { restartWithThreads } from './thread-pool-restart.ts'

/** `tidings cluster`: GENESIS_CLUSTER of this node, in the foreground, until SIGTERM or SIGINT. */
export async function cluster(argv: readonly string[], options: SharedOptions): Promise<number> {
  // Wrong definitions are told before the process is started again, once.
  const settings = await requireSettings(definitionOptions(options))
  const { mqtt } = settings
  if (!mqtt) {
    await requireNativeModule()
    const restarted = await restartWithThreads(argv)
    if (restarted !== null) return restarted
  }
  const stop = new AbortController()
  onInterrupt(() => stop.abort())
  // Started by a parent of ours: it must not be outlived.
  process.on('disconnect', () => stop.abort())
  // Whoever listens for the channel's end is kept running by it, after the work is done too.
  process.channel?.unref()
  const { signal } = stop
  const failure = mqtt ? await runAtBroker(settings, mqtt, signal) : await run(settings, signal)
  if (failure) throw failure
  report({ type: 'stopped', message: 'stopped' })
  return exitCode.done
}

/**
 * Processes meet at the broker without it: it takes what foreign programs publish there, and watches the processes of its
 * host. Where one of the two ends, so does the other.
 */
async function runAtBroker(
  settings: Settings,
  mqtt: MqttSettings,
  signal: AbortSignal,
): Promise<TidingsError | undefined> {
  const { BrokerIntake } = await import('../intake/broker-intake.ts')
  const { BrokerWitness } = await import('./broker-witness.ts')
  const warn = (message: string): void => report({ type: 'warning', message })
  const manager = ServiceManager.of({ env: process.env, pid: process.pid, warn })
  signal.addEventListener('abort', () => manager?.stopping())
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  try {
    const witness = await BrokerWitness.startIfAlone(settings, mqtt, { on: report, signal: either })
    let does = ''
    const on = (event: ClusterEvent): void => {
      if (event.type === 'ready')
        manager?.ready(() => (witness ? `${does}; ${witness.status}` : does))
      does = event.message
      report(event)
    }
    const intake = BrokerIntake.run({ settings, mqtt, on, signal: either })
    const ended = intake.then(() => undefined)
    const failure = await (witness ? Promise.race([witness.closed, ended]) : ended)
    stop.abort()
    await Promise.all([witness?.closed, intake])
    return failure
  } catch (error) {
    if (signal.aborted && TidingsError.from(error).code === 'ABORTED') return undefined
    throw error
  } finally {
    stop.abort()
    manager?.stopping()
    await manager?.ended()
  }
}

/** Until it is closed; with the error that ended it. Probes are answered before it is ready, and until all else is closed. */
async function run(settings: Settings, signal: AbortSignal): Promise<TidingsError | undefined> {
  const { startClusterWithIntake } = await import('../intake/cluster-with-intake.ts')
  const probes = await openProbes(settings)
  signal.addEventListener('abort', () => probes?.ending())
  const on = (event: ClusterEvent): void => {
    probes?.note(event)
    report(event)
  }
  try {
    const running = await startClusterWithIntake(settings, { on, signal })
    probes?.ready(() => running.snapshot())
    const warn = (message: string): void => on({ type: 'warning', message })
    const manager = ServiceManager.of({ env: process.env, pid: process.pid, warn })
    manager?.ready(() => statusOf(running.snapshot()))
    signal.addEventListener('abort', () => manager?.stopping())
    const failure = await running.closed
    manager?.stopping()
    await manager?.ended()
    return failure
  } catch (error) {
    // Stopped before it was ready: nothing is open, and that is what was asked for.
    if (signal.aborted && error instanceof TidingsError && error.code === 'ABORTED')
      return undefined
    throw error
  } finally {
    await probes?.close()
  }
}

/** null: the definition has no port for them, and nothing of HTTP is loaded. */
async function openProbes({ node, http }: Settings): Promise<ClusterProbes | null> {
  if (!http) return null
  const { ClusterProbes } = await import('../probes/cluster-probes.ts')
  const warn = (message: string): void => report({ type: 'warning', message })
  return ClusterProbes.open({ node: node.name, at: http, warn })
}

/** For the line `Status:` of `systemctl status`. */
function statusOf(snapshot: ClusterSnapshot): string {
  const { node, nodes } = snapshot
  const living = processesOfNode(snapshot).filter(({ status }) => status === 'HEALTHY').length
  const others = nodes.filter(({ name }) => name !== node)
  const heard = others.filter(({ state }) => state === 'alive').length
  const beyond = others.length === 0 ? '' : `, ${heard} of ${others.length} other nodes heard`
  return `node ${node}: ${living} ${living === 1 ? 'process' : 'processes'}${beyond}`
}

/** Each line bears the time; the word `ready` comes first, for whoever waits for it. */
function report(event: { readonly type: string; readonly message: string }): void {
  const at = new Date().toISOString()
  const text = event.message
  if (event.type === 'ready') say(`${styled(process.stderr, 'green', 'ready')}: ${at} ${text}`)
  else if (isWarning(event)) say(`${at} ${styled(process.stderr, 'yellow', 'warning:')} ${text}`)
  else say(`${at} ${text}`)
}
