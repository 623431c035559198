import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { answersAt } from '../test/harness/answers-at.ts'
import { eventually } from '../test/harness/eventually.ts'
import { Child, repository } from '../test/harness/child.ts'
import { freePorts } from '../test/harness/loopback.ts'
import { programPath } from '../test/harness/program-path.ts'
import type { Ground, Requirement } from './peers/peer.ts'

/** The version of a package of `node_modules`, as `name version`. */
export function packageVersion(name: string): string {
  const text = readFileSync(join(repository, 'node_modules', name, 'package.json'), 'utf8')
  return `${name} ${(JSON.parse(text) as { version: string }).version}`
}

/** A server of a Debian package with the client that speaks to it. */
export function serverRequirement(
  program: string,
  versionOption: string,
  client: string,
): Requirement {
  const path = programPath(program)
  const versions = [packageVersion(client)]
  if (path === null) return { versions, missing: [program] }
  // Mosquitto prints its version with its help, and ends with 3.
  const said = execFileSync('sh', ['-c', `"${path}" ${versionOption} 2>&1 || true`]).toString()
  const version = /\d+\.\d+\.\d+/.exec(said)?.[0] ?? 'of an unknown version'
  return { versions: [`${program} ${version}`, ...versions], missing: [] }
}

/** Starts a server on a free port of 127.0.0.1 and waits until it answers there. */
export async function startServer(
  program: string,
  options: (port: number) => readonly string[],
): Promise<Ground> {
  const path = programPath(program)
  if (path === null) throw new Error(`${program} is not installed`)
  const [port = 0] = await freePorts('127.0.0.1', 1)
  const server = new Child({ name: program, program: path, arguments: options(port), ipc: false })
  await eventually(
    () => `${program} answers at port ${port}, it said:\n${server.log}`,
    async () => {
      if (server.hasEnded) throw new Error(`${program} ended:\n${server.log}`)
      return answersAt(port)
    },
  )
  return {
    place: { port: String(port) },
    pids: [server.pid],
    stop: async () => {
      await server.end('SIGTERM')
    },
  }
}
