import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { clusterThreads } from '../cluster/bus/cluster-threads.ts'

/**
 * libuv reads UV_THREADPOOL_SIZE when its pool is first used, which is before any of our code: the
 * process is started again with it. Where the system can (execve) it stays the same process; else,
 * and where a parent of ours listens on a channel that execve would lose, a child does the work and
 * this one passes signals on.
 *
 * Returns null when the pool is large enough already, else the exit code of the child.
 */
export async function restartWithThreads(argv: readonly string[]): Promise<number | null> {
  const { env } = process
  if (Number(env['UV_THREADPOOL_SIZE'] ?? 0) >= clusterThreads) return null
  const restarted = { ...env, UV_THREADPOOL_SIZE: String(clusterThreads) }
  const args = [...process.execArgv, ...argv.slice(1)]
  const isWatched = process.connected
  if (typeof process.execve === 'function' && process.platform !== 'win32' && !isWatched)
    process.execve(process.execPath, [process.execPath, ...args], restarted)
  const child = spawn(process.execPath, args, {
    env: restarted,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
  const pass = (signal: NodeJS.Signals) => child.kill(signal)
  process.on('SIGTERM', pass)
  process.on('SIGINT', pass)
  process.on('disconnect', () => pass('SIGTERM'))
  process.channel?.unref()
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}
