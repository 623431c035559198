import { readFileSync, readlinkSync } from 'node:fs'

let scope: string | null | undefined

/**
 * Within what this process's pid names one process: the boot and the pid namespace. Two processes
 * with the same scope may look at each other's pids. Null where the system does not tell (no /proc).
 */
export function pidScope(): string | null {
  if (scope === undefined) scope = process.platform === 'linux' ? linuxScope() : null
  return scope
}

function linuxScope(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot}/${namespace()}`
  } catch {
    return null
  }
}

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    // A kernel without namespaces has one.
    return ''
  }
}
