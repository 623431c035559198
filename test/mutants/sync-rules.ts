import { type Rule, rule } from './rule.ts'

const subscriberTicks = 'src/subscriber/subscriber-ticks.test.ts'
const roundTrip = 'src/subscriber/round-trip.test.ts'
const syncs = 'src/subscriber/syncs.test.ts'

/** How publishers are asked, and when time is looked at: D15. */
export const syncRules: readonly Rule[] = [
  rule(
    'D15.1',
    'A sync is repeated while an answer is missing',
    'it is sent once',
    ['subscriber/sync-schedule.ts', 'this.#askedAt + pauseMs * this.#share', 'Infinity'],
    [syncs, 'D15: is repeated, later and later, while an answer is missing'],
  ),
  rule(
    'D15.2',
    'A sync is repeated later and later',
    'it is repeated at one pace',
    ['subscriber/sync-schedule.ts', 'syncRetryMs * 1.5 ** this.#count', 'syncRetryMs'],
    [syncs, 'D15: is repeated, later and later, while an answer is missing'],
  ),
  rule(
    'D15.3',
    'A sync is repeated at times that chance spreads',
    'chance has no part in it',
    ['subscriber/syncs.ts', 'share = 0.8 + 0.4 * this.#random()', 'share = 1'],
    [syncs, 'D15: comes at times left to chance, so that many subscribers spread'],
  ),
  rule(
    'D15.4',
    'A sync asks for the marks that are missing',
    'it asks for all',
    ['subscriber/syncs.ts', 'marks: this.#marks(due),', 'marks: this.#tables,'],
    [syncs, 'D15: asks for the marks that are missing, and names who is meant'],
  ),
  rule(
    'D15.5',
    'A mark proves a topic only to the subscriber that it answers',
    'it proves it to everybody',
    [
      'subscriber/syncs.ts',
      'subscriber === this.#subscriber && this.isOurs(nonce)',
      'subscriber !== null && this.isOurs(nonce)',
    ],
    [syncs, 'D15: is not answered by the mark for another subscriber'],
  ),
  rule(
    'D15.6',
    'A mark proves a topic only where it bears a nonce of ours',
    'its nonce is not looked at',
    [
      'subscriber/syncs.ts',
      'subscriber === this.#subscriber && this.isOurs(nonce)',
      'subscriber === this.#subscriber && nonce > 0',
    ],
    [syncs, 'D15: is not answered by a mark with a nonce that we never used'],
  ),
  rule(
    'D15.7',
    'A sync is repeated no faster than an answer takes by the round trips that were measured',
    'it is repeated as on one host',
    [
      'subscriber/sync-schedule.ts',
      'this.#roundTrip.pauseMs(this.#leastPauseMs)',
      'this.#leastPauseMs',
    ],
    [roundTrip, 'D15: is asked again no faster than an answer can come'],
  ),
  rule(
    'D15.8',
    'Time in which the process itself stood still is no round trip',
    'it counts as one',
    [
      'subscriber/syncs.ts',
      'ownStallMs: this.#output.ownStallsMs(now) - asked.ownStallsMs',
      'ownStallMs: 0',
    ],
    [
      'src/subscriber/subscriber-ticks.test.ts',
      'D15: takes none of that for the length of the way',
    ],
  ),
  rule(
    'D15.9',
    'An own stall counts from the last tick on, also where an answer is read before the next one',
    'it counts when the next tick has come',
    [
      'subscriber/own-stalls.ts',
      'return this.#totalMs + this.#lateMs(now)',
      'return this.#totalMs',
    ],
    [
      'src/subscriber/own-stalls.test.ts',
      'D15: counts from when a tick was due, also before it has come, and each time once',
    ],
  ),
  rule(
    'D15.10',
    'Time in which the publisher was silent is no round trip',
    'it counts as one',
    [
      'subscriber/round-trip.ts',
      'Math.min(tookMs - ownStallMs - silentMs, longestRoundTripMs)',
      'Math.min(tookMs - ownStallMs, longestRoundTripMs)',
    ],
    [roundTrip, 'D15: is not taken to be far away'],
  ),
  rule(
    'D15.11',
    'A first sync goes out at its time, where a tick comes a little before it',
    'it waits for the next tick',
    ['subscriber/syncs.ts', 'this.#wakeFor(firstTimes, now)', ''],
    [syncs, 'D15: goes out at its time, where a tick comes a little before it'],
  ),
  rule(
    'D15.12',
    'Who has never answered has as long as others take',
    'it is asked again at once',
    ['subscriber/round-trip.ts', 'this.#ms || this.#all.typicalMs', 'this.#ms'],
    [
      'src/subscriber/round-trips.test.ts',
      'D15: of a publisher that never answered are those of the others',
    ],
  ),
  rule(
    'D15.13',
    'All who have not answered are asked by one request, also when it is repeated',
    'chance parts them',
    [
      'subscriber/syncs.ts',
      'source.syncs.asked(now, due.length, share)',
      'source.syncs.asked(now, due.length, 0.8 + 0.4 * this.#random())',
    ],
    [syncs, 'D15: is one request for all who have not answered, also when it is repeated'],
  ),
  rule(
    'D15.14',
    'A sync leaves the answers of many publishers time to be read one behind the other',
    'it is repeated as soon as that of one',
    ['subscriber/sync-schedule.ts', 'syncAnswerMs * publishers', '0'],
    [syncs, 'D15: of 50 publishers is repeated after a second at the earliest'],
  ),
  rule(
    'D15.15',
    'A sync is not repeated while the answers of others come in',
    'it is repeated at its time',
    ['subscriber/syncs.ts', 'if (this.#mayBeUnderWay(source, now)) continue', ''],
    [syncs, 'D15: is not repeated while the answers of others come in'],
  ),
  rule(
    'D15.16',
    'A sync without an answer is repeated after five seconds, whatever comes of others',
    'it is not while answers of others come in',
    ['subscriber/syncs.ts', ' && now - syncs.askedAt < syncPatienceMs', ''],
    [syncs, 'D15: is repeated after five seconds, whatever comes of others'],
  ),
  rule(
    'D15.17',
    'Where all is quiet, a silence is noticed when it is due and not with the next heartbeats',
    'it waits for them',
    [
      'subscriber/subscriber.ts',
      'quietUntil = Math.min(quietUntil, subscription.quietUntil())',
      'if (subscription.quietUntil() === 0) quietUntil = 0',
    ],
    [
      subscriberTicks,
      'D15: comes when a publisher has been silent for too long, not a second later',
    ],
  ),
  rule(
    'D15.18',
    'While something is missing or to be proven, time is looked at every 200 ms',
    'it is looked at once a second',
    ['subscriber/subscriber.ts', 'if (this.#isAwake || quietUntil <= soon) return soon', ''],
    [subscriberTicks, 'D15: comes soon while something is to be proven, or missing'],
  ),
  rule(
    'D15.19',
    'A message that may give something to do has time looked at again within 200 ms',
    'it waits for the next second',
    [
      'subscriber/subscriber.ts',
      "if (message.kind !== 'heartbeat') this.#wakeWithin(this.#limits.tickMs)",
      '',
    ],
    [subscriberTicks, 'D15: is asked for by an update'],
  ),
  rule(
    'D15.20',
    'So has a heartbeat that names what has not come',
    'it waits for the next second',
    ['subscriber/subscribed-tables.ts', 'this.#output.wakeWithin(this.#limits.tickMs)\n', '\n'],
    [
      subscriberTicks,
      'D15: is asked for by a heartbeat that names what has not come, and by no other',
    ],
  ),
  rule(
    'D15.21',
    'An own stall counts from when the next tick was due, where all is quiet and it comes later',
    'that it comes later counts as a stall',
    ['subscriber/own-stalls.ts', 'this.#dueAt = Math.max(this.#dueAt, at)', 'void at'],
    [
      'src/subscriber/own-stalls.test.ts',
      'D15: counts from when a tick was due, where all is quiet and it comes later',
    ],
  ),
  rule(
    'D15.22',
    'Time is looked at behind the heartbeats, so that what is made anew takes none that is under way',
    'it is looked at while they come',
    ['subscriber/subscriber.ts', 'const behindMs = tickMs / 2', 'const behindMs = 0'],
    [subscriberTicks, 'D15: comes behind the next heartbeats where all is quiet'],
  ),
  rule(
    'D15.23',
    'A sync is repeated as soon as the pause is over that its publisher has now: answers found to be faster shorten it',
    'the pause stays what it was when the sync went out',
    ['subscriber/sync-schedule.ts', 'Math.min(this.#pauseMs, this.#pauseByNow())', 'this.#pauseMs'],
    [roundTrip, 'D15: is asked again as soon as its answers are found to take less'],
  ),
  rule(
    'D15.24',
    'A mark that answers a sync tells the length of the way as well as a vector',
    'vectors alone tell it',
    [
      'subscriber/subscribed-tables.ts',
      'source.answered(this.#syncs.took(nonce, now), now)\n',
      '\n',
    ],
    [roundTrip, 'D15: is asked again sooner when its marks come sooner, and vectors are lost'],
  ),
  rule(
    'D15.25',
    'No pause for an answer is longer than 4 s',
    'it is as long as the longest way that is believed makes it',
    [
      'subscriber/round-trip.ts',
      'Math.min(1.5 * (this.#ms || this.#all.typicalMs), longestPauseMs)',
      '1.5 * (this.#ms || this.#all.typicalMs)',
    ],
    [
      'src/subscriber/round-trips.test.ts',
      'D15: of a publisher whose answer waited for a path that was cut make no pause longer than 4 s',
    ],
  ),
  rule(
    'D15.26',
    'A replay that comes sooner than answers to syncs did makes the pauses shorter',
    'it says nothing of the way',
    ['subscriber/gap-repair.ts', 'if (ask) source.cameWithin(now - ask.at)', ''],
    [
      roundTrip,
      'D15: is found to be nearer by what it replays, while its answers to syncs are lost',
    ],
  ),
]
