import { readFileSync } from 'node:fs'

/** Resident memory of a process, MiB (proc(5)). */
export const residentMiB = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

export interface ResidentParts {
  /** What malloc has taken by moving the break: libzmq, Node.js, and buffers of up to 128 KiB. */
  readonly malloc: number
  /** Programs and libraries: pages of them that were used once. They are shared with other processes. */
  readonly files: number
  /** V8's heap and code, larger buffers, stacks. */
  readonly mapped: number
}

const mapping = /^[\da-f]+-[\da-f]+ \S+ \S+ \S+ \d+ *(\S*)/

/** The same by what it is for, MiB (`smaps` of proc(5)). */
export function residentPartsMiB(pid: number): ResidentParts {
  const parts = { malloc: 0, files: 0, mapped: 0 }
  let part: keyof ResidentParts = 'mapped'
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const name = mapping.exec(line)?.[1]
    if (name === '[heap]') part = 'malloc'
    else if (name?.startsWith('/')) part = 'files'
    else if (name !== undefined) part = 'mapped'
    else if (line.startsWith('Rss:')) parts[part] += Number(/\d+/.exec(line)?.[0]) / 1024
  }
  return parts
}
