import { newRegistration } from '../../src/model/new-registration.ts'
import type { Registration, RosterEntry } from '../../src/model/roster-entry.ts'

/** The process P of node a, as tests of the roster register it. */
export const registrationOf = (
  incarnation: string,
  more: Partial<Registration> = {},
): Registration =>
  newRegistration({
    node: 'a',
    process: 'P',
    incarnation,
    role: 'process',
    mode: 'mesh',
    pid: 1,
    startedAt: 0,
    ...more,
  })

/** The same as the roster has it. */
export function entryOf(incarnation: string, more: Partial<RosterEntry> = {}): RosterEntry {
  const { connections: _connections, sequences: _sequences, ...entry } = registrationOf(incarnation)
  return { ...entry, ...more }
}
