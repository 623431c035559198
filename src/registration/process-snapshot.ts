import type { ProcessSnapshot, ProcessStatus } from '../model/cluster-snapshot.ts'
import type { TableSequence } from '../model/message.ts'
import { noConnections } from '../model/new-registration.ts'
import { processName } from '../model/publisher-identity.ts'
import type { ProcessState, Registration, RosterEntry } from '../model/roster-entry.ts'
import { portsOf } from './zeromq-place.ts'

const statuses: Readonly<Record<ProcessState, ProcessStatus>> = {
  alive: 'HEALTHY',
  leaving: 'WARNING',
  gone: 'ERROR',
  ended: 'DOWN',
}

export const statusOf = (state: ProcessState): ProcessStatus => statuses[state]

/** UTF-16 units of a name that a snapshot has room for. */
const maxShownName = 255

/** As people read it: with its instance. */
export const shownName = ({ process, instance }: Pick<RosterEntry, 'process' | 'instance'>) =>
  processName({ process, instance }).slice(0, maxShownName)

/** What a process has published, as a snapshot shows it. */
export const shownTables = (sequences: readonly TableSequence[]): ProcessSnapshot['tables'] =>
  sequences.map(({ table, last }) => ({ table, sequence: last }))

/** How many updates a process has published, in all tables together. */
export const publishedBy = ({ sequences }: Pick<Registration, 'sequences'>): number =>
  sequences.reduce((total, { last }) => total + last, 0)

/** A process of which the roster is known, and not its figures. */
export const entrySnapshot = (entry: RosterEntry): ProcessSnapshot => ({
  name: shownName(entry),
  pid: entry.pid,
  status: statusOf(entry.state),
  ...portsOf(entry.place),
  connections: noConnections,
  tables: shownTables(entry.last ?? []),
  rate: 0,
  version: null,
  health: null,
})

/** Those that `mon` shows: what has ended only where nothing follows it, and no scripts that have. */
export function shownEntries<Entry extends RosterEntry>(known: readonly Entry[]): Entry[] {
  const lives = new Set(known.filter(({ state }) => state !== 'ended').map(processName))
  return known.filter(
    (entry) =>
      entry.state !== 'ended' || (entry.role === 'process' && !lives.has(processName(entry))),
  )
}
