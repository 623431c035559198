/** Limits of the publishing side. Each has a unit in its name, a default and a reason. */
export interface PublisherLimits {
  /** Retained bytes of all streams together: what a subscriber can catch up on after an outage. */
  readonly retentionBytes: number
  /** Retained at most this long: who was away longer reads the database anew. */
  readonly retentionAgeMs: number
  /** Kept of each stream whatever the others do, so that a busy table does not evict a quiet one. */
  readonly reserveUpdates: number
  readonly reserveBytes: number
  /** A parcel is closed at the next commit boundary beyond this: larger ones gain no throughput. */
  readonly parcelBytes: number
  /** The same by tables: each batch of a parcel names them all, so n tables cost n × n names. */
  readonly parcelTables: number
  /**
   * Turns that publish and follow each other faster gather in a parcel: a process takes 20,000 to 30,000 messages
   * a second, and GENESIS_CLUSTER not more.
   */
  readonly parcelGatherTurnMs: number
  /** So many of them, that fast on average, are a rate and no burst. */
  readonly parcelGatherTurns: number
  /** Parcels that gather leave so far apart: 5,000 a second are taken easily, and nobody feels the delay. */
  readonly parcelGatherMs: number
  /** One that holds so much does not wait: the message costs little beside its updates. */
  readonly parcelGatherBytes: number
  /** Where every turn publishes, parcels leave so far apart at most: 125 a second cost a subscriber little beside their updates. */
  readonly parcelGatherBusyMs: number
  /** And not farther than this share of the time for which every turn has published. */
  readonly parcelGatherBusyShare: number
  /** There the first turns of a parcel are looked at, each of which must publish, and then only whether anything is published at all. */
  readonly parcelGatherLookTurns: number
  readonly parcelGatherLookMs: number
  /** Where gathering has not halved the messages, each turn being of other tables, it is tried again so much later. */
  readonly parcelGatherRestTurns: number
  /** What leaves in a turn of the event loop, or an eighth of all that waits: encoding so much takes 2 to 5 ms. */
  readonly turnBytes: number
  /** A larger commit is refused: it must fit retention twice and a subscriber's budget. */
  readonly maxCommitBytes: number
  /** All syncs within this time are answered at one moment: 64 subscribers starting at once cost one answer. */
  readonly syncGatherMs: number
  /** From one answer to the next: while subscribers keep coming, each answer costs everybody a mark in each table. */
  readonly syncPauseMs: number
  /**
   * What answers syncs at one moment is no more than this, and the answer to one sync: others wait `syncGatherMs` more.
   * As much as retention: thousands who ask for all of many tables must not fill the memory.
   */
  readonly syncAnswerBytes: number
  /** Replay requests within this time for one range are answered once, on the update topic. */
  readonly replayGatherMs: number
  /** A range asked for again by the same subscriber within this time is under way already. */
  readonly replayRepeatMs: number
  /** From this ask on for one range the answer goes to the update topic: the reply topic seems broken. */
  readonly replayOnTopicFromAsk: number
  /** Bytes answered to one request at most: a quarter of a connection's high-water mark of 16 MiB. */
  readonly replayBytesPerRequest: number
  /** Replays beside the quarter of the output that they may take: what a quiet publisher still serves. */
  readonly replayBytesPerSecond: number
  readonly heartbeatMs: number
  /** The same while no stream has changed lately: n processes that hear each other cost n × n heartbeats. */
  readonly quietHeartbeatMs: number
  /** After this much quiet behind a burst a heartbeat comes early: a lost last batch shows at once. */
  readonly earlyHeartbeatMs: number
  /**
   * A heartbeat carries the streams that changed within this time, and one that carries none says that the next
   * comes after `quietHeartbeatMs`. Longer than a subscriber bears the silence of a quiet publisher, and a
   * heartbeat: what a shorter silence took is named by the heartbeat behind it, and behind a longer one everything is asked for.
   */
  readonly heartbeatRecentMs: number
  /**
   * How long updates of a new table, and what follows them, wait for GENESIS_CLUSTER to know of it, in a process that has
   * published before: ten times what a busy one needs to answer.
   */
  readonly announceMs: number
  /** How often a flush asks for confirmations again. */
  readonly confirmAskMs: number
}

export const defaultPublisherLimits: PublisherLimits = {
  retentionBytes: 64 * 1024 * 1024,
  retentionAgeMs: 5 * 60_000,
  reserveUpdates: 256,
  reserveBytes: 64 * 1024,
  parcelBytes: 256 * 1024,
  parcelTables: 64,
  parcelGatherTurnMs: 0.08,
  parcelGatherTurns: 32,
  parcelGatherMs: 0.2,
  parcelGatherBytes: 16 * 1024,
  parcelGatherBusyMs: 8,
  parcelGatherBusyShare: 1 / 16,
  parcelGatherLookTurns: 4,
  parcelGatherLookMs: 1,
  parcelGatherRestTurns: 256,
  turnBytes: 1024 * 1024,
  maxCommitBytes: 32 * 1024 * 1024,
  syncGatherMs: 20,
  syncPauseMs: 200,
  syncAnswerBytes: 64 * 1024 * 1024,
  replayGatherMs: 20,
  replayRepeatMs: 500,
  replayOnTopicFromAsk: 3,
  replayBytesPerRequest: 4 * 1024 * 1024,
  replayBytesPerSecond: 32 * 1024 * 1024,
  heartbeatMs: 1000,
  quietHeartbeatMs: 3000,
  earlyHeartbeatMs: 150,
  heartbeatRecentMs: 8000,
  announceMs: 1000,
  confirmAskMs: 250,
}
