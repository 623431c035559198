import type { ClusterMessage } from '../../registration/registration-message.ts'
import type { LocalProcess } from './local-process.ts'
import type { Roster } from './roster.ts'

/**
 * Tells each process what of the roster it has not been told. Several that speak on one connection, as one program
 * may for thousands, are told together, and what many have to be told is put together once.
 */
export function tellRoster(
  processes: Iterable<LocalProcess>,
  roster: Roster,
  now: number,
  tell: (route: string, message: ClusterMessage) => void,
): void {
  const messages = new Map<number, ClusterMessage[]>()
  for (const [route, locals] of byRoute(processes)) {
    const since = locals.reduce((least, { sentVersion }) => Math.min(least, sentVersion), Infinity)
    const due = messages.get(since) ?? messagesSince(roster, since, now)
    messages.set(since, due)
    for (const message of due) tell(route, message)
    for (const local of locals) local.sentVersion = roster.version
  }
}

function byRoute(processes: Iterable<LocalProcess>): Map<string, LocalProcess[]> {
  const routes = new Map<string, LocalProcess[]>()
  for (const local of processes) {
    if (local.route === null) continue
    const locals = routes.get(local.route)
    if (locals) locals.push(local)
    else routes.set(local.route, [local])
  }
  return routes
}

const messagesSince = (roster: Roster, version: number, now: number): ClusterMessage[] =>
  roster
    .changesSince(version, now)
    .map((part) => ({ type: 'roster', history: roster.history, ...part }))
