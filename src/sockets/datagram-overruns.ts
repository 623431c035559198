import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/**
 * Datagrams that came to the UDP sockets of this process at a port while no more could wait to be read; null where the
 * system does not say. Linux: /proc/net/udp (proc(5)), field 1 is address:port in hexadecimal, 9 the inode, 12 the drops.
 */
export function datagramOverruns(port: number): number | null {
  let own: ReadonlySet<string>
  let lines: readonly string[]
  try {
    own = ownSocketInodes()
    lines = ['udp', 'udp6'].flatMap((table) =>
      readFileSync(`/proc/self/net/${table}`, 'utf8').split('\n').slice(1),
    )
  } catch {
    return null
  }
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  let sum = 0
  for (const line of lines) {
    const { 1: local = '', 9: inode = '', 12: drops = '' } = line.trim().split(/\s+/)
    if (local.endsWith(ending) && own.has(inode)) sum += Number(drops)
  }
  return sum
}

/** Sockets of this process as the tables of the system name them. */
function ownSocketInodes(): ReadonlySet<string> {
  const folder = '/proc/self/fd'
  const targets = readdirSync(folder).map((descriptor) => targetOf(`${folder}/${descriptor}`))
  return new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []))
}

/** One that was closed meanwhile leads nowhere. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}
