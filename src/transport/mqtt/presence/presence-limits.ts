/** Times of who is there at a broker. Each has a unit in its name, and a reason. */
export const presenceLimits = {
  /** A process whose connection has ended counts as gone so late: a reconnection of a second must not make a flush forget it. */
  goneAfterMs: 10_000,
  /** All who ask within this time who is there get one answer. */
  hereGatherMs: 20,
  /** The roster is settled when all have answered and so long nothing new was said. */
  quietMs: 20,
  /** The same where nobody is known to be there: the first process, or a broker that keeps nothing for wildcards. */
  quietAloneMs: 300,
  /** Who has not answered by then is told as unreachable. */
  settleWithinMs: 5_000,
  /** While the roster is not settled everybody is asked again so often: QoS 0 may have dropped something. */
  askAgainMs: 1_000,
  /** The same once it is. */
  askRegularlyMs: 60_000,
  /** Where a broker brings nothing that it keeps, others tell of those who do not answer for themselves: so late, and up to twice as late. */
  tellOthersMs: 100,
  /** Of two that bear one name in spite of all the younger ends after this long. */
  twinMs: 2_000,
  /** How long the broker keeps what a process says of itself; said again three times as often. */
  entryExpiryMs: 60 * 60_000,
  refreshMs: 20 * 60_000,
  /** How long it keeps that one has ended: who comes later is not owed anything of it. */
  endedExpiryMs: 10 * 60_000,
  /** Processes whose end is remembered. */
  mostEnded: 4_096,
  /** One that nobody has heard for so long is let go, without an end. */
  goneKeptMs: 60 * 60_000,
  /** `tidings cluster` takes away what a broker of 3.1.1 would keep for ever of one that is gone for so long: before it is let go. */
  clearGoneMs: 50 * 60_000,
  /** Who was away no longer brings back what a broker has forgotten: more may have happened than it knows. */
  restoreWithinMs: 60_000,
  /** Another history counts when it has stayed for so long: two processes that start together may both have begun one. */
  historyStaysMs: 1_000,
  /** The first processes spread over so much before they begin a history. */
  historySpreadMs: 50,
  /** How often time is looked at while something is undecided. */
  tickMs: 50,
  /** And while nothing is. */
  quietTickMs: 1_000,
  /** Who has not told its figures so long after it was asked is shown without them: on a machine that is busy seconds are nothing. */
  figuresWithinMs: 5_000,
  /** What closing takes at most to say the end. */
  farewellMs: 500,
} as const
