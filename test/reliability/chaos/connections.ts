import { execFileSync } from 'node:child_process'

export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** The local ends of the established connections of a process, as the system sees them. */
export function connectionsOf(pid: number): Endpoint[] {
  const text = execFileSync('ss', ['-Htnp', 'state', 'established'], { encoding: 'utf8' })
  return text.split('\n').flatMap((line) => {
    if (!line.includes(`pid=${pid},`)) return []
    const [, , local = ''] = line.trim().split(/\s+/)
    const at = local.lastIndexOf(':')
    return [{ address: local.slice(0, at), port: Number(local.slice(at + 1)) }]
  })
}
