import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Of `/proc/PID/stat`: ticks a second, 100 on every Linux that has not been built otherwise. */
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK']).toString())

/**
 * User and system time so far, seconds, of a process with all its threads and of the children that it
 * started and that have ended: fields 14 to 17, proc(5).
 */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name of the program, field 2, may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond
}

/** The most memory a process has had resident so far, MiB: VmHWM, proc(5). */
function peakMiB(pid: number): number {
  const kiB = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kiB) / 1024
}

/** Processes that a process has started and that run: PostgreSQL has one for each connection. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}

/** A figure of a process and of each of its children; one that ends meanwhile counts with its parent. */
function figures(pid: number, figure: (pid: number) => number): number[] {
  const ofChildren = childrenOf(pid).flatMap((child) => {
    try {
      return figures(child, figure)
    } catch (error) {
      if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
      throw error
    }
  })
  return [figure(pid), ...ofChildren]
}

/** User and system time of processes with all that they started, seconds. */
export const totalCpuSeconds = (pids: readonly number[]): number =>
  pids.flatMap((pid) => figures(pid, cpuSeconds)).reduce((sum, seconds) => sum + seconds, 0)

/** The most memory that one of them, or one that they started and that runs, has had resident so far, MiB. */
export const mostMiB = (pids: readonly number[]): number =>
  Math.max(...pids.flatMap((pid) => figures(pid, peakMiB)))
