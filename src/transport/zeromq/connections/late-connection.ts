import type { Clock } from '../../../base/clock.ts'
import type { Condition } from '../../condition.ts'

/** How often is looked whether GENESIS_CLUSTER is heard, milliseconds. */
const lookMs = 1_000

/** GENESIS_CLUSTER is heard if it was no longer silent than so many milliseconds: it answers once a second. */
const heardWithinMs = 3_000

/** A connection to a port of GENESIS_CLUSTER, and the registration connection beside it. */
interface LateConnection {
  readonly isConnected: () => boolean
  /** The port takes connections, and is slow with its handshakes. */
  readonly isTaken: () => boolean
  readonly heardAt: () => number
}

/**
 * Waits for a connection that a process makes with its first update. False: for `withinMs` milliseconds GENESIS_CLUSTER was
 * heard, and nobody took connections at that port. Then the process has another number for it than GENESIS_CLUSTER, and
 * what it publishes would reach nobody.
 * @throws TidingsError ABORTED
 */
export async function connectsInTime(
  { isConnected, isTaken, heardAt }: LateConnection,
  condition: Condition,
  clock: Clock,
  withinMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  for (let since = clock.now(); ;) {
    if (await condition.until(isConnected, lookMs, signal)) return true
    const now = clock.now()
    if (isTaken() || now - heardAt() > heardWithinMs) since = now
    else if (now - since >= withinMs) return false
  }
}
