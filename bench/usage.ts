import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Of `/proc/PID/stat`: ticks a second, 100 on every Linux that has not been built otherwise. */
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK']).toString())

/** User and system time of a process and all its threads so far, seconds: fields 14 and 15, proc(5). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name of the program, field 2, may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** The most memory a process has had resident so far, MiB: VmHWM, proc(5). */
export function peakMiB(pid: number): number {
  const kiB = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kiB) / 1024
}

export const totalCpuSeconds = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
