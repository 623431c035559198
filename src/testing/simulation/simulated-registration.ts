import { newRegistration } from '../../model/new-registration.ts'
import type { NodeMode, Registration } from '../../model/roster-entry.ts'

/** What a process of the simulation registers with. */
export function simulatedRegistration(
  incarnation: string,
  node: number,
  mode: NodeMode,
  publishes: readonly string[],
): Registration {
  return newRegistration({
    node: `node-${node}`,
    process: `process-${incarnation.slice(0, 6)}`,
    incarnation,
    role: 'process',
    mode,
    pid: 1,
    startedAt: 0,
    publishes,
  })
}
