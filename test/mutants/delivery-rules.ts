import { type Rule, rule } from './rule.ts'

const delivery = 'src/subscriber/parcel-delivery.test.ts'
const bases = 'src/subscriber/bases.test.ts'
const subscription = 'src/subscriber/subscribed-tables.test.ts'

/** What is owed and how it is delivered: D5 to D10. */
export const deliveryRules: readonly Rule[] = [
  rule(
    'D5.1',
    'A base is never inferred from the first update seen',
    'it is',
    [
      'subscriber/parcel-delivery.ts',
      '    const bytes = stream.hold(batch)',
      '    if (stream.base === null) stream.setBase(batch.first - 1)\n    const bytes = stream.hold(batch)',
    ],
    [bases, 'D5: is not inferred from the first update seen'],
  ),
  rule(
    'D5.2',
    'Only a vector that answers a sync of our own counts',
    'any vector counts',
    ['subscriber/subscribed-tables.ts', 'if (!this.#syncs.isOurs(vector.nonce)) return', ''],
    [bases, 'D5: comes from the vector to one of our own syncs alone'],
  ),
  rule(
    'D5.3',
    'The first vector sets the bases of all tables at once',
    'it sets that of the first table',
    [
      'subscriber/bases.ts',
      'for (const state of vector.streams) {',
      'for (const state of vector.streams.slice(0, 1)) {',
    ],
    [bases, 'D5: is set for all tables by one vector'],
  ),
  rule(
    'D5.4',
    'Of a publisher that had published before and answered before `ready`, everything after its vector is owed',
    'everything is',
    [
      'subscriber/bases.ts',
      'isOwed || isWhole ? baseOfLate : state.last',
      'isOwed ? baseOfLate : 0',
    ],
    [subscription, 'D5: begins behind the vector for a publisher that was there before'],
  ),
  rule(
    'D5.5',
    'Of one that turns up later, everything is owed if its stream is younger than the subscription',
    'it is owed from its vector on',
    [
      'subscriber/bases.ts',
      'ageMs === null || now - ageMs >= this.#subscribedAt',
      'ageMs === null',
    ],
    [bases, 'D5: of a stream younger than the subscription is 0, whatever is retained of it'],
  ),
  rule(
    'D5.6',
    'Of one that was there before and unknown, what it published since the subscription began is owed',
    'it is owed from its vector on',
    [
      'subscriber/bases.ts',
      'const baseOfLate = isWhole ? 0 : owedFrom - 1',
      'const baseOfLate = isWhole ? 0 : state.last',
    ],
    [
      bases,
      'D5: of an older stream that nobody knew of is where it stood when the subscription began',
    ],
  ),
  rule(
    'D5.7',
    'A later vector never moves a base',
    'each vector sets it',
    ['subscriber/bases.ts', 'if (stream.base === null) {', 'if (state) {'],
    [bases, 'D5: is never moved by a later vector, which shows a gap'],
  ),
  rule(
    'D5.8',
    'Of one that ends before its vector came, what is held is delivered and the rest is a loss',
    'nothing of it is delivered or told',
    [
      'subscriber/endings.ts',
      'if (stream.base === null && top > 0) this.#baseWithoutVector(source, stream, top, reason)',
      '',
    ],
    [bases, 'D5: has what is held delivered; the rest is lost from an unknown beginning'],
  ),
  rule(
    'D5.9',
    'Where the roster knows the last numbers of a publisher that ended before its vector came, the loss goes up to them',
    'the numbers of the roster are passed over',
    [
      'subscriber/subscribed-tables.ts',
      "if (entry.last && source.state !== 'finished') this.#bases.noteLast(source, entry.last)",
      '',
    ],
    [bases, 'D5: has a loss up to its last numbers where the roster knows them'],
  ),
  rule(
    'D5.10',
    'Who had ended before the subscription began owes it nothing',
    'it is owed from an unknown beginning',
    [
      'subscriber/subscribed-tables.ts',
      "if (entry.state === 'ended' && !this.#readiness.isAsking) return",
      '',
    ],
    [bases, 'D5: owes nothing when it had ended before the subscription began'],
  ),
  rule(
    'D5.11',
    'Of one that was there before and unknown, what it published up to 2 s before the subscription is owed too: its announcement may have been on its way',
    'nothing before is',
    [
      'subscriber/syncs.ts',
      'this.#beginning.mostMsAgo(now) + this.#marginMs',
      'this.#beginning.mostMsAgo(now)',
    ],
    [bases, 'D5: of a stream hardly older than the subscription is 0'],
  ),
  rule(
    'D5.12',
    'If some of that is no longer retained, a loss with an unknown beginning up to what is',
    'nothing is told',
    [
      'subscriber/bases.ts',
      'const isMissed = isOwed && !isWhole && state.since < state.first',
      'const isMissed = isOwed && !isWhole && state.since < 0',
    ],
    [
      bases,
      'D5: of an older stream that no longer retains all that was published since is behind a loss',
    ],
  ),
  rule(
    'D5.13',
    'A vector that took longer than the margin sets no base after ready, and the next looks back further',
    'it sets it',
    [
      'subscriber/syncs.ts',
      'if (tookMs <= asked.marginMs) return true',
      'if (tookMs >= 0) return true',
    ],
    [bases, 'D5: is not set by a vector that may not have looked back far enough'],
  ),
  rule(
    'D5.14',
    'A subscription is as old as the clock says that went further: one stands still while a machine sleeps',
    'the monotonic clock alone counts',
    [
      'subscriber/beginning.ts',
      'Math.max(now - this.#at, this.#wallClock() - this.#atWallClock)',
      'Math.max(now - this.#at, 0 * this.#wallClock())',
    ],
    [bases, 'D5: reaches back over the time that the machine slept'],
  ),
  rule(
    'D5.15',
    'A subscription is taken to be older by as much as clocks may drift apart',
    'all clocks run alike',
    ['subscriber/beginning.ts', 'ago + (ago * this.#driftPerMille) / 1000', 'ago'],
    [bases, 'D5: reaches back further by what clocks may drift apart'],
  ),
  rule(
    'D5.16',
    'Of a node heard for the first time, who had ended before the subscription began owes it nothing',
    'it is told lost',
    [
      'subscriber/beginning.ts',
      "return state === 'ended' && endedMsAgo > this.mostMsAgo(now)",
      "return state === 'ended' && endedMsAgo < now - now",
    ],
    [bases, 'D5: owes nothing of an end from before the subscription, in good order or not'],
  ),
  rule(
    'D5.17',
    'Of a node heard for the first time, who has ended since the subscription began, or nobody knows when, is a loss',
    'whoever has ended owes nothing',
    [
      'subscriber/beginning.ts',
      "return state === 'ended' && endedMsAgo > this.mostMsAgo(now)",
      "return state === 'ended' && endedMsAgo >= now - now",
    ],
    [bases, 'D5: owes what it published when it ended later, or nobody knows when'],
  ),
  rule(
    'D5.18',
    'Of one that began to publish after the subscription had begun everything is owed, also where it answers before `ready`',
    'it is owed from its vector on',
    ['subscriber/bases.ts', 'const base = isOwed || isWhole ?', 'const base = isOwed ?'],
    [bases, 'D5: of a stream younger than the subscription is 0 also before it is ready'],
  ),
  rule(
    'D5.19',
    'Before `ready` it is only where none of its streams can be older: commits are not cut, and nothing from before is owed',
    'each stream is judged by itself',
    [
      'subscriber/bases.ts',
      'isOwed ? this.#isOwedWhole(state, now) : areYoung',
      'this.#isOwedWhole(state, isOwed ? now : askedAt)',
    ],
    [bases, 'D5: and is not where another of its streams is older'],
  ),
  rule(
    'D5.20',
    'How long its vector was on its way counts for the age of its streams',
    'it was sent just now',
    [
      'subscriber/bases.ts',
      '!this.#wanted.has(state.table) || this.#isOwedWhole(state, askedAt)',
      '!this.#wanted.has(state.table) || this.#isOwedWhole(state, now)',
    ],
    [bases, 'D5: and is not where the stream may be older'],
  ),
  rule(
    'D6.1',
    'The next sequence of a stream moves only by contiguous updates, or over what is reported lost',
    'what is ahead is delivered',
    [
      'subscriber/parcel-delivery.ts',
      'batch.first !== stream.next ||',
      'batch.first < stream.next ||',
    ],
    [subscription, 'D6: are closed by replay, in order and once'],
  ),
  rule(
    'D6.2',
    'A sequence too far ahead is quarantined: one damaged number must not silence a stream',
    'every number is believed',
    [
      'subscriber/bases.ts',
      'if (stream.base === null || last <= stream.known + this.#limits.maxAheadUpdates) return true',
      'if (last > 0) return true',
    ],
    [subscription, 'D6: far ahead of what is known are quarantined, and the stream goes on'],
  ),
  rule(
    'D7.1',
    'What is here already is dropped by its sequence',
    'it is delivered again',
    [
      'subscriber/parcel-delivery.ts',
      'batch.first !== stream.next ||',
      'batch.first > stream.next ||',
    ],
    [subscription, 'D7: drop what comes twice'],
  ),
  rule(
    'D7.2',
    'What was reported lost with an end is not delivered any more',
    'a batch below the next sequence is held and delivered',
    [
      'subscriber/subscribed-stream.ts',
      'if (this.#base !== null && last < this.#next) return null',
      'if (this.#base !== null && last < this.#next) this.#next = batch.first',
    ],
    [delivery, 'D7: is not delivered when it comes after all'],
  ),
  rule(
    'D7.3',
    'Other bytes under a sequence that is here are counted and told: a publisher was cloned',
    'they are dropped in silence',
    [
      'subscriber/parcel-delivery.ts',
      "this.#output.event({ type: 'publisher-cloned', publisher, table, sequence: first })",
      'void first',
    ],
    [
      'src/subscriber/seen-batches.test.ts',
      'D7: a clone of a publisher is told once for each stream',
    ],
  ),
  rule(
    'D8.1',
    'A loss is declared on the word or the end of the owner: while it lives and has the range, asking goes on',
    'after five asks the range is given up',
    [
      'subscriber/gap-repair.ts',
      'const share = 0.9 + 0.2 * this.#random()\n',
      "const share = 0.9 + 0.2 * this.#random()\n    if (repair.asks > 4) {\n      stream.lose(gap.from, gap.to, 'evicted')\n      source.settle(stream)\n    }\n",
    ],
    [subscription, 'D8: are no loss while the owner lives, however often a replay is lost'],
  ),
  rule(
    'D8.2',
    'A refusal counts only where it answers a request of ours',
    'any refusal counts',
    [
      'subscriber/subscribed-tables.ts',
      'const stream = this.#repair.answered(source, refusal.nonce, now)\n',
      'const stream = source.streams.get(refusal.table)\n',
    ],
    ['src/subscriber/gap-repair.test.ts', 'D8: is a loss by a refusal of our own request alone'],
  ),
  rule(
    'D8.3',
    'A refusal counts for the table that was asked for alone',
    'its table is not compared',
    [
      'subscriber/subscribed-tables.ts',
      'if (!stream || source.streams.get(refusal.table) !== stream) return',
      'if (!stream) return',
    ],
    ['src/subscriber/gap-repair.test.ts', 'D8: is no loss by the refusal for another table'],
  ),
  rule(
    'D8.4',
    'Rows that cannot be read are a loss of exactly their range',
    'they are passed over',
    [
      'subscriber/parcel-delivery.ts',
      'this.report(source, stream, { from, to: stream.next - 1 }, reason)',
      'void from',
    ],
    [delivery, 'D8: is a loss of exactly its range (held before: true)'],
  ),
  rule(
    'D8.5',
    'A refused range is reported, exactly',
    'it is swallowed',
    [
      'subscriber/parcel-delivery.ts',
      '    this.report(source, stream, { from, to }, reason)',
      '    void to',
    ],
    [subscription, 'D9: below what is retained are an exact loss, in band'],
  ),
  rule(
    'D8.6',
    'A loss keeps the reason that was given first, until it is told',
    'the last one counts for all of it',
    ['subscriber/lost-ranges.ts', 'const first = this.#all.endOfRunAt(at) + 1', 'const first = at'],
    [
      'src/subscriber/lost-ranges.test.ts',
      'D8: what is lost keeps the reason that was given first',
    ],
  ),
  rule(
    'D9.1',
    'A loss is delivered behind what precedes it and before what follows',
    'it is reported when it is known',
    [
      'subscriber/subscribed-tables.ts',
      "stream.lose(stream.next, refusal.firstRetained - 1, 'evicted')",
      "this.#delivery.report(source, stream, { from: stream.next, to: refusal.firstRetained - 1 }, 'evicted')\n    stream.lose(stream.next, refusal.firstRetained - 1, 'evicted')",
    ],
    [subscription, 'D9: below what is retained are an exact loss, in band'],
  ),
  rule(
    'D9.2',
    'A loss inside of a parcel is told in its place too',
    'it is told before the parcel',
    ['subscriber/parcel-losses.ts', '? index : index + 1', '? 0 : 0'],
    [delivery, 'D9: is told behind the commits that precede it and before those that follow'],
  ),
  rule(
    'D9.3',
    'A loss is told behind a commit that another loss has cut',
    'each loss beside a commit that is not whole is taken for its cause',
    ['subscriber/parcel-losses.ts', 'span.missing - before', 'span.missing'],
    [delivery, 'D9: is told behind a commit that another loss has cut'],
  ),
  rule(
    'D9.4',
    'Losses that come at once come in one delivery',
    'each is one of its own',
    [
      'subscriber/loss-gathering.ts',
      'losses: (losses, positions, bytes) => this.losses(losses, positions, bytes),',
      'losses: (losses, positions, bytes) => this.#output.losses(losses, positions, bytes),',
    ],
    ['src/subscriber/endings.test.ts', 'D9: gives its losses of all tables as one delivery'],
  ),
  rule(
    'D10.1',
    'A commit that can no longer be whole says so',
    'every commit seems whole',
    [
      'subscriber/commit-grouping.ts',
      'this.#add(all, here !== expected, ',
      'this.#add(all, false, ',
    ],
    [delivery, 'D10: is a delivery of its own, right behind its loss'],
  ),
  rule(
    'D10.2',
    'A commit that can no longer be whole is a delivery of its own',
    'it joins the commits around it',
    [
      'subscriber/commit-grouping.ts',
      'if (!open || this.#areApart || incomplete || open.incomplete)',
      'if (!open)',
    ],
    [delivery, 'D10: is a delivery of its own, right behind its loss'],
  ),
  rule(
    'D10.3',
    'A loss is told before the commit that it cuts, also where that begins before it',
    'it is told behind it',
    [
      'subscriber/parcel-losses.ts',
      'group.incomplete && from <= Math.max(span.last, span.last + behind)',
      'group.incomplete && from < behind',
    ],
    [delivery, 'D10: is told before the commit that it cuts, and behind those before'],
  ),
  rule(
    'D10.4',
    'What a commit lacks before it has lower places in the commit than what is here',
    'all that is lost right before it is taken for its own, and what it lacks behind it is told behind it',
    [
      'subscriber/commit-grouping.ts',
      'span.mostBefore = Math.max(0, place - countBelow(place, taken))',
      'span.mostBefore = Infinity',
    ],
    [delivery, 'D10: is told before the commit that it cuts, where what precedes that is lost too'],
  ),
]
