import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { pidScope } from '../base/pid-scope.ts'

export type Liveness = 'alive' | 'dead' | 'unknown'

/**
 * Whether an OS process still lives. A pid alone cannot say so, since pids are used again: with the
 * moment of its start it names one life.
 */
export interface ProcessLiveness {
  /**
   * Names the life that bears this pid now; null when it cannot be shown to be the process that
   * started at `startedAt` (milliseconds since the epoch), as in another pid namespace. `scope`:
   * the process's own `pidScope()`; where that is ours, a pid that nobody bears has ended already.
   */
  identify(pid: number, startedAt: number, scope?: string | null): string | null
  /** `unknown` for a null identity. `thorough`: also where it costs a process of its own. */
  check(pid: number, identity: string | null, thorough?: boolean): Liveness
}

/**
 * Milliseconds by which two readings of one start may differ: the kernel keeps its boot time in
 * whole seconds, and Node begins to count a moment after the process began.
 */
const startToleranceMs = 5_000

/** Milliseconds of a kernel tick: USER_HZ is 100 on every Linux that Node runs on. */
const tickMs = 10

/** Fields of /proc/<pid>/stat after the name in brackets (proc(5): 3 is the state, 22 the start). */
const stateField = 0
const startField = 19

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/** Start in ticks since boot, which no step of the clock changes; null: no such process, or a zombie. */
function startTicks(pid: number): number | null {
  const stat = readText(`/proc/${pid}/stat`)
  if (stat === null) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const state = fields[stateField]
  return state === 'Z' || state === 'X' ? null : Number(fields[startField])
}

function bootedAt(): number {
  const seconds = /^btime (\d+)$/m.exec(readText('/proc/stat') ?? '')?.[1]
  return Number(seconds ?? Number.NaN) * 1_000
}

/** In place of a start: the process had ended before it was looked at. */
const over = 'over'

export class LinuxLiveness implements ProcessLiveness {
  readonly #scope = pidScope() ?? ''

  identify(pid: number, startedAt: number, scope: string | null = null): string | null {
    const ticks = startTicks(pid)
    if (ticks === null) return scope === this.#scope ? `${scope}/${over}` : null
    const difference = Math.abs(bootedAt() + ticks * tickMs - startedAt)
    return difference <= startToleranceMs ? `${this.#scope}/${ticks}` : null
  }

  check(pid: number, identity: string | null): Liveness {
    if (identity === null) return 'unknown'
    const place = identity.lastIndexOf('/')
    const scope = identity.slice(0, place)
    if (scope !== this.#scope) {
      const [boot] = scope.split('/')
      return boot === this.#scope.split('/')[0] ? 'unknown' : 'dead'
    }
    return startTicks(pid) === Number(identity.slice(place + 1)) ? 'alive' : 'dead'
  }
}

/** Where there is no /proc: `kill(pid, 0)`, and `ps` for the start. */
export class PosixLiveness implements ProcessLiveness {
  identify(pid: number, startedAt: number): string | null {
    const start = this.#start(pid)
    if (start === null) return null
    return Math.abs(Date.parse(start) - startedAt) <= startToleranceMs ? start : null
  }

  check(pid: number, identity: string | null, thorough = false): Liveness {
    if (identity === null) return 'unknown'
    try {
      process.kill(pid, 0)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'dead'
    }
    return thorough && this.#start(pid) !== identity ? 'dead' : 'alive'
  }

  #start(pid: number): string | null {
    try {
      const options = { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } } as const
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], options).trim() || null
    } catch {
      return null
    }
  }
}

export const systemLiveness = (): ProcessLiveness =>
  process.platform === 'linux' ? new LinuxLiveness() : new PosixLiveness()
