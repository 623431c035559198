import { type Rule, rule } from './rule.ts'

const publisher = 'src/publisher/publisher.test.ts'
const subscriber = 'src/subscriber/subscriber.test.ts'
const answers = 'src/publisher/answers.test.ts'
const delivery = 'src/subscriber/parcel-delivery.test.ts'
const subscription = 'src/subscriber/subscribed-tables.test.ts'
const silence = 'src/subscriber/silence.test.ts'
const syncs = 'src/subscriber/syncs.test.ts'

/** How parcels wait for each other, and how what is missing is noticed: D13 to D15. */
export const silenceRules: readonly Rule[] = [
  rule(
    'D13.1',
    'The parts of a parcel in all tables of a subscription are put together again',
    'parts are delivered as they come',
    [
      'subscriber/parcel-delivery.ts',
      '.filter(({ table }: TableSequence) => this.#wants(table))',
      '.filter(({ table }: TableSequence) => table === lowest.table)',
    ],
    [delivery, 'D13: are delivered commit by commit, the updates in the order of the call'],
  ),
  rule(
    'D13.2',
    'The commits of a parcel are delivered in their order, updates in the order of the call',
    'they are delivered by table',
    [
      'subscriber/commit-grouping.ts',
      'this.#pieces.sort((a, b) => a.entry.commit - b.entry.commit)',
      '',
    ],
    [delivery, 'D13: are delivered commit by commit, the updates in the order of the call'],
  ),
  rule(
    'D13.3',
    'While a part of a parcel is repaired, later parcels of its publisher wait',
    'what is in order by itself is delivered',
    ['subscriber/parcel-delivery.ts', 'source.pending.size > 0 ||', 'stream.held.length > 0 ||'],
    [delivery, 'D13: wait while a part of an earlier one is repaired'],
  ),
  rule(
    'D13.4',
    'The lowest parcel of which a part is here goes first',
    'the highest does',
    [
      'subscriber/parcel-delivery.ts',
      'held[0].parcel < lowest.parcel',
      'held[0].parcel > lowest.parcel',
    ],
    [delivery, 'D13: wait while a part of an earlier one is repaired'],
  ),
  rule(
    'D13.5',
    'The parcels of other publishers do not wait',
    'all publishers share what is pending',
    [
      'subscriber/source.ts',
      'readonly pending = new Set<SubscribedStream>()',
      'readonly pending = ((globalThis as { pending?: Set<SubscribedStream> }).pending ??= new Set<SubscribedStream>())',
    ],
    [delivery, 'D13: hold up no other publisher'],
  ),
  rule(
    'D13.6',
    'A subscription to some tables of a commit is not told of the others, and does not wait for them',
    'it waits for all tables of a manifest',
    [
      'subscriber/parcel-delivery.ts',
      '.filter(({ table }: TableSequence) => this.#wants(table))',
      '',
    ],
    [subscription, 'D13: are whole for a subscription to some of their tables'],
  ),
  rule(
    'D14.1',
    'Each publisher whose streams have changed lately sends a heartbeat a second',
    'it sends one every two seconds',
    [
      'publisher/heartbeats.ts',
      'this.#regularAt = Math.min(this.#regularAt, nextCommonTime(now, heartbeatMs))',
      'this.#regularAt = Math.min(this.#regularAt, nextCommonTime(now, 2 * heartbeatMs))',
    ],
    [answers, 'D14: come once a second while something has changed lately'],
  ),
  rule(
    'D14.2',
    'A heartbeat names every stream that changed within 8 s',
    'it leaves the last one out',
    ['publisher/heartbeats.ts', '    return named\n', '    return named.slice(0, -1)\n'],
    [answers, 'D14: name every stream that changed within 8 s, by what was sent'],
  ),
  rule(
    'D14.3',
    'A heartbeat comes early behind a burst',
    'it comes with the next second',
    [
      'publisher/heartbeats.ts',
      'this.#earlyAt = now + earlyHeartbeatMs',
      'this.#earlyAt = Infinity',
    ],
    [publisher, 'D14: carry what changed lately; one comes early behind a burst'],
  ),
  rule(
    'D14.4',
    'A missing part of a parcel shows at once, by the manifest of another',
    'manifests are not looked at',
    [
      'subscriber/subscribed-tables.ts',
      'if (batch.manifest.length > 1 || batch.manifest[0]?.last !== last)\n      this.#bases.noteKnown(source, batch.manifest)',
      '',
    ],
    [silence, 'D14: is seen at once where another part of its parcel is here'],
  ),
  rule(
    'D14.5',
    'A number of a heartbeat beyond the expected one is a gap',
    'it is passed over',
    [
      'subscriber/subscribed-tables.ts',
      'if (this.#bases.isSane(stream, last)) source.reaches(stream, last)\n',
      '',
    ],
    [silence, 'D14: is seen by a heartbeat'],
  ),
  rule(
    'D14.6',
    'A gap that a heartbeat alone has shown: the topic has to be proven again',
    'it is taken for proven',
    [
      'subscriber/subscribed-tables.ts',
      "source.needsProof([this.tables === '*' ? null : table], now, this.#random)",
      '',
    ],
    [silence, 'D14: has its topic proven again where a heartbeat alone has shown it'],
  ),
  rule(
    'D14.7',
    'The last sequence of a mark beyond the expected one is a gap',
    'it is passed over',
    [
      'subscriber/subscribed-tables.ts',
      'if (this.#bases.isSane(stream, mark.last)) source.reaches(stream, mark.last)',
      'if (this.#bases.isSane(stream, mark.last)) void 0',
    ],
    [silence, 'D14: is seen by a mark'],
  ),
  rule(
    'D14.8',
    'A publisher is stalled after three missing heartbeats',
    'after one',
    [
      'subscriber/silence-watch.ts',
      'now > source.mayBeSilentUntil',
      'silent > this.#limits.heartbeatMs',
    ],
    [silence, 'D14: is stalled three seconds after an update or a heartbeat that named one'],
  ),
  rule(
    'D14.9',
    'When a stalled or gone publisher is heard again, it is asked for everything at once',
    'it is believed to be whole',
    [
      'subscriber/subscribed-tables.ts',
      "    source.state = 'live'\n    source.needsProofAtOnce(this.#topics, now, this.#random)",
      "    source.state = 'live'",
    ],
    [silence, 'D14: is asked at once when it is heard again'],
  ),
  rule(
    'D14.10',
    'After a reconnect everybody is asked for everything',
    'nobody is',
    [
      'subscriber/subscriber.ts',
      'for (const { subscription } of this.#entries) subscription.resync(now)',
      'void now',
    ],
    [subscriber, 'D14: asks everybody when a connection was made again'],
  ),
  rule(
    'D14.11',
    'Time in which we stood still ourselves is charged to nobody',
    'it is charged to all others',
    [
      'subscriber/own-stalls.ts',
      'return late > this.#tickMs ? late : 0',
      'return late < 0 ? late : 0',
    ],
    [subscriber, 'D14: charges nobody for the time in which it stood still'],
  ),
  rule(
    'D14.12',
    'After a stall of our own everybody is asked',
    'nobody is',
    [
      'subscriber/subscribed-tables.ts',
      'if (ownStallMs > 2 * this.#limits.heartbeatMs) this.resync(now)',
      '',
    ],
    [silence, 'D14: nobody is charged for it, and everybody is asked'],
  ),
  rule(
    'D14.13',
    'That a stream is behind is told, once for each time',
    'it is told with each ask',
    ['subscriber/gap-repair.ts', 'if (repair.isTold) return', ''],
    [silence, 'D14: is told as being behind, once for each time'],
  ),
  rule(
    'D14.14',
    'A publisher whose streams have not changed lately sends a heartbeat every three seconds',
    'it sends one every second',
    [
      'publisher/heartbeats.ts',
      'nextCommonTime(now, this.#limits.quietHeartbeatMs)',
      'nextCommonTime(now, this.#limits.heartbeatMs)',
    ],
    [answers, 'D14: come every three seconds behind 8 s of quiet, and name no stream then'],
  ),
  rule(
    'D14.15',
    'A publisher whose last heartbeat named no stream is stalled two seconds after the next was due',
    'it is stalled as one that publishes',
    [
      'subscriber/source.ts',
      'this.isActive ? this.#limits.heartbeatMs : this.#limits.quietHeartbeatMs',
      'this.#limits.heartbeatMs',
    ],
    [
      silence,
      'D14: is stalled two seconds after the heartbeat that was due, where the last one named no stream',
    ],
  ),
  rule(
    'D14.16',
    'A heartbeat that names streams is followed by one within a second, whatever made it name them',
    'the next one may come three seconds later',
    ['publisher/heartbeats.ts', 'if (named.length > 0)\n', 'if (named.length > 0 && !all)\n'],
    [answers, 'D14: come often again behind one that names streams, whatever made it do so'],
  ),
  rule(
    'D14.17',
    'What was lost in a silence that is borne is named by the heartbeat behind it',
    'streams are named for too short a time',
    ['publisher/publisher-limits.ts', 'heartbeatRecentMs: 8000', 'heartbeatRecentMs: 3000'],
    [
      silence,
      'D14: has its last update named by a heartbeat after any silence for which it is not stalled',
    ],
  ),
  rule(
    'D14.18',
    'An update says that its publisher sends a heartbeat a second from now on',
    'it is still taken for quiet',
    [
      'subscriber/subscribed-tables.ts',
      "      case 'batch':\n        source.isActive = true\n",
      "      case 'batch':\n",
    ],
    [silence, 'D14: is stalled three seconds after an update or a heartbeat that named one'],
  ),
  rule(
    'D14.19',
    'All processes of a machine send their heartbeats at the same moments',
    'each at moments of its own',
    ['base/clock.ts', 'Number(process.hrtime.bigint()) / 1e6 - performance.now()', '0'],
    [
      'src/base/common-time.test.ts',
      'D14: is the same for all processes of a machine: their clocks have one origin',
    ],
  ),
  rule(
    'D15.1',
    'A sync is repeated while an answer is missing',
    'it is sent once',
    ['subscriber/source.ts', 'this.nextSyncAt = now + wait * share', 'this.nextSyncAt = Infinity'],
    [syncs, 'D15: is repeated, later and later, while an answer is missing'],
  ),
  rule(
    'D15.2',
    'A sync is repeated later and later',
    'it is repeated at one pace',
    ['subscriber/source.ts', 'limits.syncRetryMs * 1.5 ** this.syncs', 'limits.syncRetryMs'],
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
      'subscriber/subscribed-tables.ts',
      'subscriber === this.#options.subscriber && this.#syncs.isOurs(nonce)',
      'subscriber !== null && this.#syncs.isOurs(nonce)',
    ],
    [syncs, 'D15: is not answered by the mark for another subscriber'],
  ),
  rule(
    'D15.6',
    'A mark proves a topic only where it bears a nonce of ours',
    'its nonce is not looked at',
    [
      'subscriber/subscribed-tables.ts',
      'subscriber === this.#options.subscriber && this.#syncs.isOurs(nonce)',
      'subscriber === this.#options.subscriber && nonce > 0',
    ],
    [syncs, 'D15: is not answered by a mark with a nonce that we never used'],
  ),
  rule(
    'D15.7',
    'A sync is repeated no faster than an answer takes by the round trips that were measured',
    'it is repeated as on one host',
    ['subscriber/source.ts', 'this.pauseMs(Math.min(later,', '(Math.min(later,'],
    ['src/subscriber/round-trip.test.ts', 'D15: is asked again no faster than an answer can come'],
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
    ['src/subscriber/subscriber.test.ts', 'D15: takes none of that for the length of the way'],
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
      'subscriber/source.ts',
      'Math.min(tookMs - ownStallMs - silentMs, longestRoundTripMs)',
      'Math.min(tookMs - ownStallMs, longestRoundTripMs)',
    ],
    ['src/subscriber/round-trip.test.ts', 'D15: is not taken to be far away'],
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
    ['subscriber/source.ts', 'this.roundTripMs || this.#roundTrips.typicalMs', 'this.roundTripMs'],
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
      'source.synced(now, due.length, share,',
      'source.synced(now, due.length, 0.8 + 0.4 * this.#random(),',
    ],
    [syncs, 'D15: is one request for all who have not answered, also when it is repeated'],
  ),
  rule(
    'D15.14',
    'A sync leaves the answers of many publishers time to be read one behind the other',
    'it is repeated as soon as that of one',
    ['subscriber/source.ts', 'limits.syncAnswerMs * publishers', '0'],
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
    ['subscriber/syncs.ts', ' && now - syncedAt < syncPatienceMs', ''],
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
    [subscriber, 'D15: comes when a publisher has been silent for too long, not a second later'],
  ),
  rule(
    'D15.18',
    'While something is missing or to be proven, time is looked at every 200 ms',
    'it is looked at once a second',
    ['subscriber/subscriber.ts', 'if (this.#isAwake || quietUntil <= soon) return soon', ''],
    [subscriber, 'D15: comes soon while something is to be proven, or missing'],
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
    [subscriber, 'D15: is asked for by an update'],
  ),
  rule(
    'D15.20',
    'So has a heartbeat that names what has not come',
    'it waits for the next second',
    ['subscriber/subscribed-tables.ts', 'this.#output.wakeWithin(this.#limits.tickMs)\n', '\n'],
    [subscriber, 'D15: is asked for by a heartbeat that names what has not come, and by no other'],
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
]
