import { requireSettings } from '../definition/load-settings.ts'
import { requireNativeModule } from '../transport/zeromq/native-module.ts'
import { exitCode } from './exit-code.ts'
import { definitionOptions, type SharedOptions } from './shared-options.ts'
import { onInterrupt, say, styled } from './terminal.ts'
import { restartWithThreads } from './thread-pool-restart.ts'

/** `tidings cluster`: GENESIS_CLUSTER of this node, in the foreground, until SIGTERM or SIGINT. */
export async function cluster(argv: readonly string[], options: SharedOptions): Promise<number> {
  // Wrong definitions are told before the process is started again, once.
  const settings = requireSettings(definitionOptions(options))
  await requireNativeModule()
  const restarted = await restartWithThreads(argv)
  if (restarted !== null) return restarted
  const { startCluster } = await import('../cluster/cluster-process.ts')
  const stop = new AbortController()
  onInterrupt(() => stop.abort())
  // Started by a parent of ours: it must not be outlived.
  process.on('disconnect', () => stop.abort())
  // Whoever listens for the channel's end is kept running by it, after the work is done too.
  process.channel?.unref()
  const running = await startCluster(settings, { on: report, signal: stop.signal })
  if (stop.signal.aborted) await running.close()
  else stop.signal.addEventListener('abort', () => void running.close(), { once: true })
  const failure = await running.closed
  if (failure) throw failure
  say('stopped')
  return exitCode.done
}

function report(event: { readonly type: string; readonly message: string }): void {
  if (event.type === 'ready') say(`${styled(process.stderr, 'green', 'ready')}: ${event.message}`)
  else if (event.type === 'warning')
    say(`${styled(process.stderr, 'yellow', 'warning:')} ${event.message}`)
  else say(event.message)
}
