import { identityOf, type PublisherIdentity } from '../model/publisher-identity.ts'
import type { KnownRoster } from '../model/roster-entry.ts'
import type { FlushOutcome } from '../publisher/flushes.ts'
import type { FlushResult } from './update-queue.ts'

/** The outcome of a flush by the names that the roster has for the subscribers. */
export function flushResult(
  { confirmed, missing }: FlushOutcome,
  roster: KnownRoster,
): FlushResult {
  const name = (incarnation: string): PublisherIdentity => {
    const entry = roster.get(incarnation)
    return entry ? identityOf(entry) : { node: '', process: '', instance: '', incarnation }
  }
  return { confirmed: confirmed.map(name), missing: missing.map(name) }
}
