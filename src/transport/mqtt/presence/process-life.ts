import { readFileSync, readlinkSync } from 'node:fs'

/** Fields of /proc/<pid>/stat behind the name in brackets (proc(5)): the state is the third of all, the start the 22nd. */
const stateField = 0
const startField = 19

/** Ended, and its parent has not taken note yet. */
const overStates = ['Z', 'X', 'x']

/**
 * Names this life of this process for the other processes that may look at its pid: the boot of the machine, the pid namespace,
 * and when it was started, in ticks of the kernel, which no step of a clock changes. null: the system does not tell (no /proc).
 */
export function ownLife(): string | null {
  const scope = pidScope()
  const ticks = scope === null ? null : startTicks('self')
  return ticks === null ? null : `${scope}/${ticks}`
}

/**
 * That the process of this pid which said `life` of itself has ended. False: it lives, or its pid is none of ours to look at,
 * as on another machine or in another container.
 */
export function isOver(pid: number, life: string | null): boolean {
  const scope = pidScope()
  if (life === null || scope === null) return false
  const place = life.lastIndexOf('/')
  if (life.slice(0, place) !== scope) return false
  return String(startTicks(String(pid))) !== life.slice(place + 1)
}

let ownScope: string | null = null

/** Two processes with the same scope may look at each other's pids; null: nobody can. It stays as long as a process lives. */
const pidScope = (): string | null => (ownScope ??= readScope())

function readScope(): string | null {
  const boot = readText('/proc/sys/kernel/random/boot_id')
  if (boot === null) return null
  try {
    return `${boot.trim()}/${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return null
  }
}

/** null: there is no such process, or it has ended. */
function startTicks(pid: string): number | null {
  const stat = readText(`/proc/${pid}/stat`)
  if (stat === null) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return overStates.includes(fields[stateField] ?? '') ? null : Number(fields[startField])
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
