import { TidingsError } from '../base/tidings-error.ts'
import { requireSettings } from '../definition/require-settings.ts'
import type { Settings } from '../definition/settings.ts'
import { requireNativeModule } from '../sockets/native-module.ts'
import type { ClusterSnapshot, ProcessSnapshot } from '../model/cluster-snapshot.ts'
import { clusterProcessName } from '../model/new-registration.ts'
import { exitCode } from './exit-code.ts'
import { requireClusterLayer } from './layer-requirement.ts'
import { ServiceManager } from './service-manager.ts'
import { definitionOptions, type SharedOptions } from './shared-options.ts'
import { onInterrupt, say, styled } from './terminal.ts'
import { restartWithThreads } from './thread-pool-restart.ts'

/** `tidings cluster`: GENESIS_CLUSTER of this node, in the foreground, until SIGTERM or SIGINT. */
export async function cluster(argv: readonly string[], options: SharedOptions): Promise<number> {
  // Wrong definitions are told before the process is started again, once.
  const settings = await requireSettings(definitionOptions(options))
  requireClusterLayer(settings, 'cluster')
  await requireNativeModule()
  const restarted = await restartWithThreads(argv)
  if (restarted !== null) return restarted
  const stop = new AbortController()
  onInterrupt(() => stop.abort())
  // Started by a parent of ours: it must not be outlived.
  process.on('disconnect', () => stop.abort())
  // Whoever listens for the channel's end is kept running by it, after the work is done too.
  process.channel?.unref()
  const failure = await run(settings, stop.signal)
  if (failure) throw failure
  report({ type: 'stopped', message: 'stopped' })
  return exitCode.done
}

/** Until it is closed; with the error that ended it. */
async function run(settings: Settings, signal: AbortSignal): Promise<TidingsError | undefined> {
  const { startClusterWithIntake } = await import('../intake/cluster-with-intake.ts')
  try {
    const running = await startClusterWithIntake(settings, { on: report, signal })
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
  }
}

/** For the line `Status:` of `systemctl status`. */
function statusOf({ node, nodes }: ClusterSnapshot): string {
  const processes = nodes.find(({ name }) => name === node)?.processes ?? []
  const isOwn = ({ name }: ProcessSnapshot) => name.split('/')[0] === clusterProcessName
  const living = processes.filter((each) => each.status === 'HEALTHY' && !isOwn(each)).length
  const others = nodes.filter(({ name }) => name !== node)
  const heard = others.filter(({ state }) => state === 'alive').length
  const beyond = others.length === 0 ? '' : `, ${heard} of ${others.length} other nodes heard`
  return `node ${node}: ${living} ${living === 1 ? 'process' : 'processes'}${beyond}`
}

const warn = (message: string): void => report({ type: 'warning', message })

/** What somebody should see to. */
const warnings = new Set(['warning', 'unreachable', 'denied', 'misfits', 'shut-out'])

/** Each line bears the time; the word `ready` comes first, for whoever waits for it. */
function report(event: { readonly type: string; readonly message: string }): void {
  const at = new Date().toISOString()
  const text = event.message
  if (event.type === 'ready') say(`${styled(process.stderr, 'green', 'ready')}: ${at} ${text}`)
  else if (warnings.has(event.type))
    say(`${at} ${styled(process.stderr, 'yellow', 'warning:')} ${text}`)
  else say(`${at} ${text}`)
}
