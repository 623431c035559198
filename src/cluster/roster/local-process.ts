import { noConnections } from '../../model/new-registration.ts'
import { processName } from '../../model/publisher-identity.ts'
import type { ProcessSnapshot, ProcessStatus } from '../../model/cluster-snapshot.ts'
import type { ProcessState, Registration, RosterEntry } from '../../model/roster-entry.ts'
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

/** Time over which the rate is taken, milliseconds: a few heartbeats, so that it does not flicker. */
const rateWindowMs = 3_000

/** Updates published per second, from the sequences of the heartbeats. */
export class PublishRate {
  readonly #points: { at: number; total: number }[] = []

  note(total: number, now: number): void {
    this.#points.push({ at: now, total })
    while (this.#points.length > 2 && now - (this.#points[1]?.at ?? now) >= rateWindowMs) {
      this.#points.shift()
    }
  }

  /** Updates per second; 0 before the second heartbeat. */
  perSecond(): number {
    const first = this.#points[0]
    const last = this.#points.at(-1)
    if (!first || !last || last.at <= first.at) return 0
    const rate = ((last.total - first.total) * 1_000) / (last.at - first.at)
    return Math.max(0, Math.round(rate * 10) / 10)
  }
}

export function rosterEntry(registration: Registration, state: ProcessState): RosterEntry {
  const { connections: _, sequences: __, health: ___, ...lasting } = registration
  return { ...lasting, state }
}

const statuses: Readonly<Record<ProcessState, ProcessStatus>> = {
  alive: 'HEALTHY',
  leaving: 'WARNING',
  gone: 'ERROR',
  ended: 'DOWN',
}

/** A process that has registered and has not taken its ports yet is still starting. */
function statusOf({ role, place }: Pick<RosterEntry, 'role' | 'place'>, state: ProcessState) {
  const hasPorts = portsOf(place).zeromqPort !== null
  const isStarting = state === 'alive' && role === 'process' && !hasPorts
  return isStarting ? 'STARTING' : statuses[state]
}

/** UTF-16 units of a name that a snapshot has room for. */
const maxShownName = 255

/** As people read it: with its instance. */
export const shownName = ({ process, instance }: Pick<RosterEntry, 'process' | 'instance'>) =>
  processName({ process, instance }).slice(0, maxShownName)

export function processSnapshot(local: LocalProcess): ProcessSnapshot {
  const { registration, state } = local
  return {
    name: shownName(registration),
    pid: registration.pid,
    status: statusOf(registration, state),
    ...portsOf(registration.place),
    connections: registration.connections,
    tables: registration.sequences.map(({ table, last }) => ({ table, sequence: last })),
    rate: state === 'alive' ? local.rate.perSecond() : 0,
    version: local.version,
    health: state === 'alive' ? registration.health : null,
  }
}

/** A process of another node that has not told its own figures yet, or of one that is out of touch. */
export function remoteProcessSnapshot(entry: RosterEntry): ProcessSnapshot {
  return {
    name: shownName(entry),
    pid: entry.pid,
    status: statusOf(entry, entry.state),
    ...portsOf(entry.place),
    connections: noConnections,
    tables: (entry.last ?? []).map(({ table, last }) => ({ table, sequence: last })),
    rate: 0,
    version: null,
    health: null,
  }
}
