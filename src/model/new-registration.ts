import type { ConnectionCounts, Registration, RosterEntry } from './roster-entry.ts'

/** GENESIS_CLUSTER as a process; the intake of what foreign programs publish is an instance of it. */
export const clusterProcessName = 'GENESIS_CLUSTER'
export const intakeInstance = 'foreign'

export const isIntake = ({ process, instance }: Pick<RosterEntry, 'process' | 'instance'>) =>
  process === clusterProcessName && instance === intakeInstance

export const noConnections: ConnectionCounts = { processes: 0, outbound: 0, inbound: 0, export: 0 }

type Known = 'node' | 'process' | 'incarnation' | 'role' | 'mode'

/**
 * What this process says of itself at first: it publishes nothing, wants nothing and has no place, but for what
 * is given.
 */
export function newRegistration(
  given: Pick<Registration, Known> & Partial<Registration>,
): Registration {
  return {
    instance: '',
    pid: process.pid,
    startedAt: Math.round(performance.timeOrigin),
    place: null,
    publishes: [],
    subscribes: [],
    state: 'alive',
    last: null,
    connections: noConnections,
    sequences: [],
    health: null,
    ...given,
  }
}
