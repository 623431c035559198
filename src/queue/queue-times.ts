/** How long a leaving process waits for GENESIS_CLUSTER to take note that it has ended. */
export const endedAckMs = 500

/** How often the roster hears of sequences and connections, for `mon`. */
export const reportMs = 1000

/** So much behind the second: with the tick of a process that has nothing to do, which wakes once for both. */
export const reportBehindMs = 100

/** Sockets may go on sending what they hold for so long after the queue is closed. */
export const lingerMs = 1000

/** The first sync of a subscription leaves so soon: its subscriptions go up the same pipe before it. */
export const firstSyncMs = 5
