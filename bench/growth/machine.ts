/** What Linux says about processes, memory and connections: proc(5). */
import { readFileSync } from 'node:fs'

/** USER_HZ of every Linux that Node runs on: ticks of /proc/PID/stat a second. */
const ticksPerSecond = 100

/** User and system time of a process, milliseconds, in steps of 10. */
export function processCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // Behind the name, which may hold anything: fields 3 and on; user and system time are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}

/** Resident memory of a process, MiB. */
export const residentMiB = (pid: number): number => kibibytes(`/proc/${pid}/status`, 'VmRSS') / 1024

/** Memory that new processes may take, MiB. */
export const availableMiB = (): number => kibibytes('/proc/meminfo', 'MemAvailable') / 1024

function kibibytes(file: string, name: string): number {
  const found = new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8'))
  if (!found) throw new Error(`${file} has no ${name}`)
  return Number(found[1])
}

const established = '01'
const listening = '0A'

/** Established connections to each port that is listened at on one IPv4 address, as its listener sees them. */
export function connectionsByPort(
  address: string,
  table = readFileSync('/proc/net/tcp', 'utf8'),
): ReadonlyMap<number, number> {
  const sockets = table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .map(([, local = '', , state]) => ({ place: local.split(':'), state }))
    .filter(({ place }) => place[0] === hexadecimal(address))
    .map(({ place, state }) => ({ port: Number.parseInt(place[1] ?? '', 16), state }))
  const counts = new Map<number, number>()
  for (const { port, state } of sockets) if (state === listening) counts.set(port, 0)
  for (const { port, state } of sockets) {
    const count = counts.get(port)
    if (state === established && count !== undefined) counts.set(port, count + 1)
  }
  return counts
}

/** The kernel writes an address as one number in the machine's byte order: little-endian. */
const hexadecimal = (address: string): string =>
  address
    .split('.')
    .reverse()
    .map((byte) => Number(byte).toString(16).padStart(2, '0').toUpperCase())
    .join('')
