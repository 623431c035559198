import { execFileSync } from 'node:child_process'
import type { Place } from '../../harness/place.ts'

export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** The local ends of the established connections of a process on its machine, as the system sees them. */
export function connectionsOf(pid: number, { before }: Place): Endpoint[] {
  const [program, ...words] = [...before, 'ss', '-Htnp', 'state', 'established']
  const text = execFileSync(program, words, { encoding: 'utf8' })
  return text.split('\n').flatMap((line) => {
    if (!line.includes(`pid=${pid},`)) return []
    const [, , local = ''] = line.trim().split(/\s+/)
    const at = local.lastIndexOf(':')
    return [{ address: local.slice(0, at), port: Number(local.slice(at + 1)) }]
  })
}
