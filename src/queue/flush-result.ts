import { identityOf, type PublisherIdentity } from '../model/publisher-identity.ts'
import type { KnownRoster } from '../model/roster-entry.ts'
import type { FlushOutcome } from '../publisher/flushes.ts'

/** Who had confirmed all that was published when a flush ended, and who had not. */
export interface FlushResult {
  readonly confirmed: readonly PublisherIdentity[]
  readonly missing: readonly PublisherIdentity[]
}

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
