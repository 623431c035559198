import { readFileSync } from 'node:fs'

const listenState = '0A'

/**
 * TCP ports that anyone on this host listens at, at whatever address; empty where the system does
 * not say. Linux: /proc/net/tcp (proc(5)), field 1 is address:port in hexadecimal, 3 the state.
 */
export function listeningPorts(): ReadonlySet<number> {
  const ports = new Set<number>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readLines(table)) {
      const [, local, , state] = line.trim().split(/\s+/)
      if (state === listenState) ports.add(Number.parseInt(local?.split(':')[1] ?? '', 16))
    }
  }
  return ports
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(1)
  } catch {
    return []
  }
}
