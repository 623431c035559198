import { Child } from '../../../harness/child.ts'
import { freePorts } from '../../../harness/loopback.ts'
import { programPath } from '../../../harness/program-path.ts'
import type { Machine } from '../../../harness/network.ts'
import { here } from '../../../harness/place.ts'
import type { Way } from '../pause-peer.ts'

const loopback = '127.0.0.1'
/** On a machine with a network of its own all ports are free. */
const portOfAMachine = 31_100

/** Where a server listens, so that the processes of a run reach it. */
export async function addressOf(machines: readonly Machine[] | null) {
  const [first] = machines ?? []
  const [port = portOfAMachine] = first ? [] : await freePorts(loopback, 1)
  return { host: first?.address ?? loopback, port, place: first?.place ?? here }
}

/** Starts a server and waits until it says that it is there. */
export async function serve(
  machines: readonly Machine[] | null,
  program: string,
  options: (host: string, port: number) => readonly string[],
  ready: RegExp,
): Promise<Way> {
  const { host, port, place } = await addressOf(machines)
  const path = programPath(program) ?? program
  const server = new Child({
    name: program,
    program: path,
    arguments: options(host, port),
    place,
    ipc: false,
  })
  await server.says(ready)
  return { host, port: String(port) }
}
