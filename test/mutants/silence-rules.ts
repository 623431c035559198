import { type Rule, rule } from './rule.ts'

const subscriber = 'src/subscriber/subscriber.test.ts'
const delivery = 'src/subscriber/parcel-delivery.test.ts'
const publisher = 'src/publisher/publisher.test.ts'
const answers = 'src/publisher/answers.test.ts'
const subscription = 'src/subscriber/subscribed-tables.test.ts'
const silence = 'src/subscriber/silence.test.ts'

/** How parcels wait for each other, and how what is missing is noticed: D13 and D14. */
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
      'subscriber/pending-streams.ts',
      'this.#byParcel.set(stream, first.parcel)',
      'this.#byParcel.set(stream, -first.parcel)',
    ],
    [delivery, 'D13: wait while a part of an earlier one is repaired'],
  ),
  rule(
    'D13.5',
    'The parcels of other publishers do not wait',
    'all publishers share what is pending',
    [
      'subscriber/source.ts',
      'readonly #pending = new PendingStreams()',
      'readonly #pending = ((globalThis as { pending?: PendingStreams }).pending ??= new PendingStreams())',
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
      'this.#silentMs(source, now) > this.#limits.heartbeatMs',
    ],
    [silence, 'D14: is stalled three seconds after an update or a heartbeat that named one'],
  ),
  rule(
    'D14.9',
    'When a stalled or gone publisher is heard again, it is asked for everything at once',
    'it is believed to be whole',
    [
      'subscriber/source.ts',
      "    this.#state = 'live'\n    this.needsProofAtOnce(topics, now, random)",
      "    this.#state = 'live'",
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
      'return late > this.#tickMs ? late + Math.min(pauseMs, late) / 2 : 0',
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
    ['subscriber/stream-repair.ts', 'if (this.#toldFrom !== null) return false', ''],
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
      'subscriber/silence.ts',
      'this.#isActive ? this.#limits.heartbeatMs : this.#limits.quietHeartbeatMs',
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
      "      case 'batch':\n        source.publishes(true)\n",
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
    'D14.20',
    'Time in which our connection to GENESIS_CLUSTER was broken is no silence of those who come over it',
    'it is',
    [
      'subscriber/silence-watch.ts',
      'silent - this.#output.sharedHopBrokenMs(heardAt, now)',
      'silent',
    ],
    [
      silence,
      'D14: nobody who comes over it is gone, and one who stays silent is so when 10 s of silence are over',
    ],
  ),
  rule(
    'D14.21',
    'Who is heard on a connection of its own is gone after 10 s, whatever becomes of that one',
    'an outage counts for everybody',
    ['subscriber/silence-watch.ts', 'return isShared ?', 'return isShared || silent > 0 ?'],
    [silence, 'D14: who is heard on a connection of its own is gone after 10 s all the same'],
  ),
  rule(
    'D14.22',
    'Of an outage 30 s count, and no more',
    'all of it counts',
    ['subscriber/shared-hop.ts', 'Math.min(to, from + this.#mostMs, now)', 'Math.min(to, now)'],
    [silence, 'D14: it is not waited for without end'],
  ),
  rule(
    'D14.23',
    'A stall of our own is taken to have begun in the middle of the pause before the late tick',
    'it is taken to have begun when the tick was due',
    ['subscriber/own-stalls.ts', 'late + Math.min(pauseMs, late) / 2 : 0', 'late : 0'],
    [
      'src/subscriber/own-stalls.test.ts',
      'D14: is taken to have begun in the middle of the pause before the late tick',
    ],
  ),
]
