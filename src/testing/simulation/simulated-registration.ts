import type { NodeMode, Registration } from '../../model/roster-entry.ts'

/** What a process of the simulation registers with. */
export function simulatedRegistration(
  incarnation: string,
  node: number,
  mode: NodeMode,
  publishes: readonly string[],
): Registration {
  return {
    node: `node-${node}`,
    process: `process-${incarnation.slice(0, 6)}`,
    instance: '',
    incarnation,
    role: 'process',
    pid: 1,
    startedAt: 0,
    mode,
    processPort: null,
    zeromqPort: null,
    publishes,
    subscribes: [],
    state: 'alive',
    last: null,
    connections: { processes: 0, outbound: 0, inbound: 0, export: 0 },
    sequences: [],
  }
}
