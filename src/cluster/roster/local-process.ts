import type { PublishRate } from '../../base/publish-rate.ts'
import type { ProcessSnapshot } from '../../model/cluster-snapshot.ts'
import type { ProcessState, Registration, RosterEntry } from '../../model/roster-entry.ts'
import { entrySnapshot, shownTables } from '../../registration/process-snapshot.ts'
import { portsOf } from '../../registration/zeromq-place.ts'

/** A process of this node as its registrations tell it. */
export interface LocalProcess {
  /** The latest; of a process known from the file only, what the file says. */
  registration: Registration
  state: ProcessState
  /** Its registration connection, where answers go; null: not heard in this run, or it is ourselves. */
  route: string | null
  /** Messages of it in this run. */
  messages: number
  lastHeard: number
  /** Since when its connection is known to have ended and not to stand again; null: it stands. */
  absentSince: number | null
  /** Up to where it has the roster. */
  seen: { readonly history: string | null; readonly version: number }
  /** Up to where it has been sent; a heartbeat that has seen less is sent the rest again. */
  sentVersion: number
  rate: PublishRate
  /** Of its package; null: it has not said. */
  version: string | null
}

export function rosterEntry(registration: Registration, state: ProcessState): RosterEntry {
  const { connections: _, sequences: __, health: ___, ...lasting } = registration
  return { ...lasting, state }
}

/** A process that has registered and has not taken its ports yet is still starting. */
function isStarting({ role, place }: Pick<RosterEntry, 'role' | 'place'>, state: ProcessState) {
  return state === 'alive' && role === 'process' && portsOf(place).zeromqPort === null
}

export function processSnapshot(local: LocalProcess): ProcessSnapshot {
  const { registration, state } = local
  return {
    ...entrySnapshot(rosterEntry(registration, state)),
    ...(isStarting(registration, state) && { status: 'STARTING' }),
    connections: registration.connections,
    tables: shownTables(registration.sequences),
    rate: state === 'alive' ? local.rate.perSecond() : 0,
    version: local.version,
    health: state === 'alive' ? registration.health : null,
  }
}

/** A process of another node that has not told its own figures yet, or of one that is out of touch. */
export function remoteProcessSnapshot(entry: RosterEntry): ProcessSnapshot {
  const snapshot = entrySnapshot(entry)
  return isStarting(entry, entry.state) ? { ...snapshot, status: 'STARTING' } : snapshot
}
