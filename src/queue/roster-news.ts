import type { RosterChange, RosterEntry, KnownRoster } from '../model/roster-entry.ts'
import { identityOf } from '../model/publisher-identity.ts'
import type { QueueEvent } from './queue-event.ts'

/** What a queue makes of what it is told of the roster, for people and for its publishing side. */
export class RosterNews {
  /** Nodes of the definition, and processes of our node's last run, that are out of reach; empty before the roster is settled. */
  unreachable: readonly string[] = []

  /** `roster`: as it was before the change. */
  eventsOf(change: RosterChange, roster: KnownRoster): QueueEvent[] {
    const events: QueueEvent[] = change.entries
      .filter(({ incarnation, state }) => roster.get(incarnation)?.state !== state)
      .map((entry) => ({ type: 'process', ...identityOf(entry), state: entry.state }))
    if (!change.settled) return events
    const before = this.unreachable
    this.unreachable = change.unreachable
    const missing = change.unreachable.filter((name) => !before.includes(name))
    const back = before.filter((name) => !change.unreachable.includes(name))
    if (missing.length > 0) events.push({ type: 'unreachable', names: missing })
    if (back.length > 0) events.push({ type: 'reachable', names: back })
    return events
  }

  /** That a subscription to these tables is ready, and without whom. */
  readyEvent(tables: readonly string[] | '*'): QueueEvent {
    return { type: 'ready', tables, unreachable: this.unreachable }
  }

  /** A flush waits for none that the roster has let go. */
  entriesOf({ entries, letGo = [] }: RosterChange, roster: KnownRoster): readonly RosterEntry[] {
    if (letGo.length === 0) return entries
    const known = letGo.flatMap((incarnation) => roster.get(incarnation) ?? [])
    return [...entries, ...known.map((entry) => ({ ...entry, state: 'gone' as const }))]
  }
}
