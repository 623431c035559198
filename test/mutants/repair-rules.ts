import { type Rule, rule } from './rule.ts'

const publisher = 'src/publisher/publisher.test.ts'
const retention = 'src/publisher/retention.test.ts'
const answers = 'src/publisher/answers.test.ts'
const repair = 'src/subscriber/gap-repair.test.ts'

/** How gaps are closed, and out of what: D16 to D18. */
export const repairRules: readonly Rule[] = [
  rule(
    'D16.1',
    'A gap has a moment to close by itself before it is asked for',
    'it is asked for at once',
    [
      'subscriber/gap-repair.ts',
      'repair.open(gap.from, now + this.#limits.gapGraceMs)',
      'repair.open(gap.from, now)',
    ],
    [repair, 'D16: has a moment to close by itself'],
  ),
  rule(
    'D16.2',
    'A gap is asked for whole, from its first sequence to its last',
    'the range ends one short',
    [
      'subscriber/gap-repair.ts',
      'const to = Math.min(gap.to, gap.from + window - 1)',
      'const to = Math.max(gap.from, Math.min(gap.to, gap.from + window - 1) - 1)',
    ],
    [repair, 'D16: is asked for from its first to its last sequence'],
  ),
  rule(
    'D16.3',
    'A gap is asked for again while no answer comes',
    'it is asked for once',
    ['subscriber/stream-repair.ts', 'this.#askedAt = ask.now', 'this.#askedAt = Infinity'],
    [repair, 'D16: is asked for again while no answer comes'],
  ),
  rule(
    'D16.4',
    'A gap is not asked for faster than an answer can come',
    'it is asked for with every tick',
    ['subscriber/stream-repair.ts', 'this.#askedAt = ask.now', 'this.#askedAt = 0'],
    [repair, 'D16: is asked for again while no answer comes'],
  ),
  rule(
    'D16.5',
    'The next request goes out only while the queue of the subscriber is under half',
    'it goes out in any case',
    ['subscriber/gap-repair.ts', 'if (!this.#output.isUnderHalf()) return', ''],
    [repair, 'D16: is not asked for while more than half of the queue is full'],
  ),
  rule(
    'D16.6',
    'What is under way fits a quarter of a high-water mark: a large gap is asked for range by range',
    'it is asked for at once',
    [
      'subscriber/gap-repair.ts',
      'const window = Math.ceil(this.#limits.replayWindowBytes / stream.bytesPerUpdate)',
      'const window = Infinity',
    ],
    [repair, 'D16: is asked for in ranges of bounded bytes, the next as soon as one is here'],
  ),
  rule(
    'D16.7',
    'The next range is asked for as soon as one has come whole',
    'it waits for the next tick',
    [
      'subscriber/gap-repair.ts',
      'repair.open(gap.from, now)\n    this.tick(source, stream, now)',
      'repair.open(gap.from, now)',
    ],
    [repair, 'D16: goes on without a tick when a range has come whole'],
  ),
  rule(
    'D16.8',
    'After every two asks in vain the reply topic and the update topic have to be proven again',
    'it is taken for proven',
    [
      'subscriber/gap-repair.ts',
      'source.needsProof([replyPath, this.#topicOf(stream.table)], now, this.#random)',
      'void [replyPath, this.#topicOf]',
    ],
    [repair, 'D16: has the reply topic and its own proven anew when two asks were in vain'],
  ),
  rule(
    'D16.9',
    'What is missing of a parcel is not asked for while other parts of it come',
    'it is asked for its moment after the first part',
    [
      'subscriber/gap-repair.ts',
      'if (repair.asks === 0 && gap.to === stream.known)',
      'if (repair.asks < 0)',
    ],
    [repair, 'D16: is none while other parts of its parcel come'],
  ),
  rule(
    'D16.10',
    'Of the asks for a stream the last 16 are remembered: their refusals are believed',
    'all are, for as long as it stays behind',
    ['subscriber/stream-repair.ts', 'this.#nonces.length > maxNonces ?', 'this.#asks < 0 ?'],
    ['src/subscriber/growth.test.ts', 'D16: remembers the last of its asks alone'],
  ),
  rule(
    'D16.11',
    'An answer has the time that a round trip takes before it is asked for again',
    'it has that of one host',
    ['subscriber/gap-repair.ts', 'source.pauseMs(replayRetryMs)', 'replayRetryMs'],
    [
      'src/subscriber/round-trip.test.ts',
      'D16: is asked for a gap once while the answer may be under way',
    ],
  ),
  rule(
    'D16.12',
    'Who leaves is asked again as soon as ever, however far away it is',
    'its answer is waited for',
    ['subscriber/gap-repair.ts', 'source.saidLast ? replayRetryMs : source', 'source'],
    [
      'src/subscriber/round-trip.test.ts',
      'D16: is asked again as soon as ever when it leaves, since it serves for a short time only',
    ],
  ),
  rule(
    'D16.13',
    'A range is asked for again as soon as the pause is over that its publisher has now: answers found to be faster shorten it',
    'an answer has the longest time that any may take',
    ['subscriber/stream-repair.ts', 'pauseMs() * this.#share', '4_000'],
    [
      'src/subscriber/round-trip.test.ts',
      'D16: is asked again as soon as its answers are found to take less',
    ],
  ),
  rule(
    'D16.14',
    'A stream whose publisher is gone is told not to be behind any more',
    'it stays behind in the figures for ever',
    [
      'subscriber/gap-repair.ts',
      'for (const stream of source.behind) if (stream.repair.isOpen) this.#ended(source, stream)',
      'for (const stream of source.behind) if (stream.repair.isOpen) this.#close(stream)',
    ],
    ['src/subscriber/endings.test.ts', 'D16: that has died is not behind any more'],
  ),
  rule(
    'D17.1',
    'A replay is the retained batches as they were sent, with the nonce, on the reply topic of who asked',
    'it goes to the update topic',
    [
      'publisher/replayer.ts',
      'topic: inVain ? toAll : replyTopic(request.subscriber),',
      'topic: toAll,',
    ],
    [publisher, 'D17: sends the retained batches as they are, on the reply topic'],
  ),
  rule(
    'D17.2',
    'Several who miss one range within 20 ms get one answer, on the update topic',
    'each gets its own',
    [
      'publisher/replayer.ts',
      'if (other.table !== request.table ||',
      'if (other.table === request.table ||',
    ],
    [publisher, 'D17: answers once on the update topic what several ask for together'],
  ),
  rule(
    'D17.3',
    'The third answer to one ask goes to the update topic: the reply topic may be the broken one',
    'it goes to the reply topic for ever',
    [
      'publisher/replayer.ts',
      'const inVain = times >= this.#limits.replayOnTopicFromAsk',
      'const inVain = times < 0',
    ],
    [publisher, 'D17: goes to the update topic when it was asked for in vain'],
  ),
  rule(
    'D17.4',
    'The owner refuses everything below what it retains',
    'it says nothing about it',
    ['publisher/replayer.ts', 'if (request.from < firstRetained)', 'if (request.from < 0)'],
    [publisher, 'D17: refuses everything below what is retained, and sends the rest'],
  ),
  rule(
    'D17.5',
    'A refusal spares nothing that is lost and loses nothing that is retained',
    'it spares one update',
    [
      'publisher/published-stream.ts',
      'return this.#retained.at(0)?.first ?? this.#closed + 1',
      'return (this.#retained.at(0)?.first ?? this.#closed + 1) - 1',
    ],
    [publisher, 'D17: refuses everything below what is retained, and sends the rest'],
  ),
  rule(
    'D17.6',
    'Only who has synced is served',
    'everybody is served',
    [
      'publisher/publisher.ts',
      'else if (isOwn || this.#flushes.knows(request.subscriber)) this.#replayer.add(request, now)',
      'else this.#replayer.add(request, now)',
    ],
    [publisher, 'D17: is not served to a stranger'],
  ),
  rule(
    'D17.7',
    'A range that the same subscriber asks for again within 500 ms is under way already',
    'it is sent again',
    [
      'publisher/replayer.ts',
      'const isRepeat = now - asked.at < this.#limits.replayRepeatMs',
      'const isRepeat = false',
    ],
    [publisher, 'D17: ignores the same range within the time that an answer takes'],
  ),
  rule(
    'D17.8',
    'Replays take no more than their share of the output',
    'the budget is not asked',
    ['publisher/replayer.ts', 'isAllowed = this.#budget.take(message.byteLength, now)', ''],
    [answers, 'D17: take no more than their share of the output'],
  ),
  rule(
    'D17.9',
    'Fresh output earns replays a third of it, which is a quarter of all',
    'it earns them nothing',
    ['publisher/replayer.ts', 'const shareOfOutput = 1 / 3', 'const shareOfOutput = 0'],
    [answers, 'D17: may take a third of the fresh output beside it'],
  ),
  rule(
    'D17.10',
    'One request is answered with a quarter of a high-water mark at most',
    'it is answered to its end',
    [
      'publisher/replayer.ts',
      'if (replay.bytesLeft <= 0 || batches.length === wireLimits.maxReplayBatches) break',
      'if (batches.length === wireLimits.maxReplayBatches) break',
    ],
    [answers, 'D17: end at the bytes that one request may have'],
  ),
  rule(
    'D17.11',
    'Only the owner of a stream answers for it',
    'everybody answers',
    [
      'publisher/publisher.ts',
      '} else if (request.incarnation !== this.identity.incarnation) return',
      '}',
    ],
    [answers, 'D17: are not answered for another incarnation'],
  ),
  rule(
    'D17.12',
    'What one subscriber asks for again while its answer is under way is not sent to everybody',
    'it is taken for the ask of another',
    [
      'publisher/replayer.ts',
      'if (other.subscribers.has(request.subscriber) && (!inVain || other.topic === toAll)) return',
      '',
    ],
    [answers, 'D17: go to nobody else where it asks again while they are under way'],
  ),
  rule(
    'D17.13',
    'What is asked for again while its answer is under way does not count as asked for in vain',
    'each ask counts',
    ['publisher/replayer.ts', 'if (!this.#isUnderWay(request)) asked.times++', 'asked.times++'],
    [answers, 'D17: go to nobody else where it asks again while they are under way'],
  ),
  rule(
    'D17.14',
    'What is not retained is refused to each ask, also where the rest is under way for another subscription of the process',
    'it is refused to the first alone',
    [
      'publisher/replayer.ts',
      'if (request.from < firstRetained) {',
      'if (request.from < firstRetained && !isRepeat) {',
    ],
    [
      publisher,
      'D17: refuses it to each subscription of a process that asks, and sends the rest once',
    ],
  ),
  rule(
    'D17.15',
    'Small batches of a replay travel together in one message',
    'each has a message of its own',
    [
      'publisher/replayer.ts',
      'if (bytes > 0 && bytes + message.byteLength > wireLimits.replayBytes) break',
      'if (bytes > 0) break',
    ],
    [answers, 'D17: have many small batches in one message, as large as a batch may become'],
  ),
  rule(
    'D17.16',
    'A replay has no more bytes than a batch may grow to, but for a single batch that is larger',
    'only their number bounds it',
    [
      'publisher/replayer.ts',
      'if (bytes > 0 && bytes + message.byteLength > wireLimits.replayBytes) break',
      '',
    ],
    [answers, 'D17: have many small batches in one message, as large as a batch may become'],
  ),
  rule(
    'D17.17',
    'A replay has no more batches than a reader takes',
    'only their bytes bound it',
    [
      'publisher/replayer.ts',
      'if (replay.bytesLeft <= 0 || batches.length === wireLimits.maxReplayBatches) break',
      'if (replay.bytesLeft <= 0) break',
    ],
    [answers, 'D17: have no more batches in one message than a reader takes'],
  ),
  rule(
    'D18.1',
    'Retention is bounded by bytes',
    'bytes are not looked at',
    [
      'publisher/retention.ts',
      'if (this.#bytes <= this.#limits.retentionBytes && !tooOld) return',
      'if (!tooOld) return',
    ],
    [answers, 'D18: is bounded by bytes'],
  ),
  rule(
    'D18.2',
    'Retention is bounded by age',
    'age is not looked at',
    [
      'publisher/retention.ts',
      'now - oldest.retainedAt > this.#limits.retentionAgeMs',
      'now - oldest.retainedAt > Infinity',
    ],
    [publisher, 'D18: lets go of what is too old, but for the reserve'],
  ),
  rule(
    'D18.3',
    'Each stream has a reserve, so that a busy table does not evict a quiet one',
    'there is none',
    [
      'publisher/retention.ts',
      'const isReserve = this.#isReserve(stream)',
      'const isReserve = false',
    ],
    [publisher, 'D18: keeps the reserve of a quiet table while a busy one is evicted'],
  ),
  rule(
    'D18.4',
    'A reserve is bounded by bytes as well as by updates',
    'its bytes are not looked at',
    [
      'publisher/retention.ts',
      'stream.retainedBytes - oldest.message.byteLength < this.#limits.reserveBytes',
      'stream.retainedBytes >= 0',
    ],
    [answers, 'D18: has a reserve for each stream that is bounded by bytes too'],
  ),
  rule(
    'D18.5',
    'The memory of what is let go is used again',
    'it stays as it is',
    ['publisher/published-stream.ts', 'oldest.message.release()\n', ''],
    [retention, 'D18: uses the memory of what it lets go again'],
  ),
  rule(
    'D18.6',
    'A reserve does not keep the memory of what was retained beside it',
    'it stays where it is',
    ['publisher/published-stream.ts', 'this.#retained.moveTo(memory, this.#reserved)', ''],
    [retention, 'D18: keeps the reserve of a quiet table in memory of its own'],
  ),
]
