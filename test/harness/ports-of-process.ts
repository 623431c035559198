import { readdirSync, readlinkSync } from 'node:fs'
import { listeningSockets } from '../../src/sockets/listening-ports.ts'

/** Where a process of this machine listens, seen from outside: `tcp://address:port` of each TCP socket. */
export function listeningEndpointsOf(pid: number): string[] {
  const open = readdirSync(`/proc/${pid}/fd`).map((descriptor) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${descriptor}`)
    } catch {
      return ''
    }
  })
  return listeningSockets()
    .filter(({ inode }) => open.includes(`socket:[${inode}]`))
    .map(({ address, port }) => `tcp://${address}:${port}`)
}
