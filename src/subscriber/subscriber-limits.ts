/** Limits of the subscribing side. Each has a unit in its name, a default and a reason. */
export interface SubscriberLimits {
  /** How often time is looked at: repair and sync are due to this grain. */
  readonly tickMs: number
  readonly heartbeatMs: number
  /** The same of a publisher whose last heartbeat named no stream. */
  readonly quietHeartbeatMs: number
  /** Heartbeats missed before a publisher is `stalled`. */
  readonly heartbeatsMissed: number
  /** Silence after which a publisher is gone for this subscriber; always resumable. */
  readonly goneAfterMs: number
  /** Of an outage of the connection that publishers share so much is no silence of theirs: `GENESIS_CLUSTER` is restarted within it. */
  readonly outageMs: number
  /** A gap younger than this may close by itself: parts of a parcel arrive one by one. */
  readonly gapGraceMs: number
  /** A replay not answered within this time is asked for again. */
  readonly replayRetryMs: number
  /** While the rest of an asked range comes in, so much quiet means that no more of it will. */
  readonly replayProgressMs: number
  /** Asked for at once, by the size of the updates seen: under a quarter of a connection's high-water mark. */
  readonly replayWindowBytes: number
  /**
   * Vectors look back so much further than to the beginning of the subscription: within this a sync is
   * answered, and that a process publishes is known on every node.
   */
  readonly announcedWithinMs: number
  /** How much faster the clock of a publisher may run than ours: each is slewed by 0.5 at most. */
  readonly clockDriftPerMille: number
  /** The first sync of a new publisher is spread over so much: many subscribers meet it at once. */
  readonly syncSpreadMs: number
  readonly syncRetryMs: number
  /** What the answer of one publisher may take where many answer at once: theirs are read one behind the other. */
  readonly syncAnswerMs: number
  readonly syncRetryMaxMs: number
  /** While answers of others come in so close behind each other, those that are missing are under way. */
  readonly syncProgressMs: number
  /** A sync without an answer is repeated after so much, whatever comes of others. */
  readonly syncPatienceMs: number
  /** Syncs in vain before the hops of the path are made anew, one by one. */
  readonly renewAfterSyncs: number
  readonly renewEveryMs: number
  /** Topics are common to all publishers: one that was asked for anew is not so again within this time. */
  readonly topicsRenewedMs: number
  readonly renewMaxMs: number
  /** While `ready` waits, who is missing is told this often. */
  readonly waitingReportMs: number
  /** Encoded bytes held by one process for all its subscriptions: parcels that wait for a gap to close. */
  readonly heldBytes: number
  /** A sequence further ahead than this is quarantined: at 2 million updates/s it is half a minute. */
  readonly maxAheadUpdates: number
  /** Ended publishers remembered, so that late frames of theirs are not taken for new ones. */
  readonly tombstones: number
}

export const defaultSubscriberLimits: SubscriberLimits = {
  tickMs: 200,
  heartbeatMs: 1000,
  quietHeartbeatMs: 3000,
  heartbeatsMissed: 3,
  goneAfterMs: 10_000,
  outageMs: 30_000,
  gapGraceMs: 60,
  replayRetryMs: 600,
  replayProgressMs: 150,
  replayWindowBytes: 3 * 1024 * 1024,
  announcedWithinMs: 2_000,
  clockDriftPerMille: 1,
  syncSpreadMs: 30,
  syncRetryMs: 250,
  syncAnswerMs: 20,
  syncRetryMaxMs: 1500,
  syncProgressMs: 300,
  syncPatienceMs: 5000,
  renewAfterSyncs: 3,
  renewEveryMs: 700,
  topicsRenewedMs: 2_000,
  renewMaxMs: 8000,
  waitingReportMs: 5000,
  heldBytes: 64 * 1024 * 1024,
  maxAheadUpdates: 2 ** 26,
  tombstones: 10_000,
}
