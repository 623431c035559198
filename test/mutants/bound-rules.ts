import { type Rule, rule } from './rule.ts'

const subscriber = 'src/subscriber/subscriber.test.ts'
const subscriberRoster = 'src/subscriber/subscriber-roster.test.ts'
const endings = 'src/subscriber/endings.test.ts'
const delivery = 'src/subscriber/parcel-delivery.test.ts'
const queue = 'src/queue/composed-queue.test.ts'
const answers = 'src/publisher/sync-answers.test.ts'

/** What is bounded, and what a handler may do: D21 and D22. */
export const boundRules: readonly Rule[] = [
  rule(
    'D21.1',
    'Of two subscriptions to one table, the slow one does not hold the other',
    'all wait for the slowest',
    [
      'subscriber/subscriber.ts',
      '...sink,',
      '...sink,\n    hasRoom: () => {\n      const all = ((globalThis as { sinks?: Set<SubscriptionSink> }).sinks ??= new Set())\n      all.add(sink)\n      return [...all].every((each) => each.hasRoom())\n    },',
    ],
    [subscriber, 'D21: have rooms of their own: the slow one does not hold up the other'],
  ),
  rule(
    'D21.2',
    'What a process holds is bounded by one budget for all of its subscriptions',
    'each subscription has it for itself',
    [
      'subscriber/subscriber.ts',
      'let over = this.heldBytes - this.#limits.heldBytes',
      'let over = entry.subscription.heldBytes - this.#limits.heldBytes',
    ],
    [subscriber, 'D21: is one for all subscriptions of a process, and costs no update'],
  ),
  rule(
    'D21.3',
    'Over the budget the newest parcels are let go and become gaps again',
    'they are let go and forgotten',
    [
      'subscriber/parcel-delivery.ts',
      'this.#heldBytes -= stream.letGoLast()',
      "const gone = stream.held.at(-1) as BatchMessage\n        this.#heldBytes -= stream.letGoLast()\n        stream.lose(gone.first, lastOf(gone), 'evicted')",
    ],
    [delivery, 'D21: the newest parcels are let go and become gaps again'],
  ),
  rule(
    'D21.4',
    'Ended processes are remembered up to a number',
    'they are remembered for ever',
    ['subscriber/subscriber.ts', "if (state === 'ended') this.#roster.delete(incarnation)", ''],
    [subscriberRoster, 'D21: ended processes are remembered up to a number'],
  ),
  rule(
    'D21.5',
    'A subscription remembers of a finished publisher that it is finished, and no more',
    'it keeps its streams',
    ['subscriber/subscribed-tables.ts', 'if (source.isSettled) this.#repair.forgetAll(source)', ''],
    [endings, 'D21: are remembered without their streams once everything of them is delivered'],
  ),
  rule(
    'D21.6',
    'A subscription remembers publishers that are over up to a number, the latest',
    'it remembers them for ever',
    ['subscriber/subscribed-tables.ts', 'this.#sources.forgetEnded()\n', '\n'],
    [endings, 'D21: are remembered up to a number, the latest'],
  ),
  rule(
    'D21.7',
    'A subscription forgets no publisher that may return: what it has of it would be delivered again',
    'it forgets whoever is silent',
    [
      'subscriber/sources.ts',
      'if (!source.isOverForGood || !source.isSettled) continue',
      'if (!source.isOver || source.isOnRoster || !source.isSettled) continue',
    ],
    [endings, 'D21: who may return is remembered whatever the number, and goes on where it was'],
  ),
  rule(
    'D21.8',
    'Of a publisher that is gone no topic is kept as unproven',
    'all are',
    ['subscriber/source.ts', 'this.#unproven.clear()', ''],
    [
      'src/subscriber/growth.test.ts',
      'D21: is remembered without a stream or a topic for each table of the subscription',
    ],
  ),
  rule(
    'D21.9',
    'Who is over is looked at no longer for what it was behind with',
    'it is, for good',
    ['subscriber/source.ts', 'this.#behind.clear()', ''],
    ['src/subscriber/endings.test.ts', 'D21: is looked at no longer, whatever it was behind with'],
  ),
  rule(
    'D21.10',
    'A request that names a table twice is refused',
    'it is taken',
    [
      'wire/frames/table-sequences.ts',
      "if (tables.has(table)) reader.refuse('repeated-table')",
      '',
    ],
    [
      'src/queue/requests.test.ts',
      'D21: requests that name a table 65,536 times are refused, and the publisher answers others',
    ],
  ),
  rule(
    'D21.11',
    'A mark answers up to a number; where more ask, there are several',
    'one answers all, and is too large for a frame',
    [
      'publisher/sync-answers.ts',
      'const maxAnswersInMark = 10_000',
      'const maxAnswersInMark = Infinity',
    ],
    [answers, 'D21: syncs that name a table 65,536 times are answered, and so is who asks later'],
  ),
  rule(
    'D21.12',
    'What answers syncs at one moment is bounded, and the rest follows a little later',
    'all that is asked is answered at once',
    ['publisher/sync-answers.ts', ' && vectorBytes + marks.bytes < syncAnswerBytes', ''],
    [
      answers,
      'D21: what answers syncs at one moment is bounded, and the rest follows in its order',
    ],
  ),
  rule(
    'D21.13',
    'Of a publisher that is over no ask is remembered',
    'all that were open are',
    [
      'subscriber/gap-repair.ts',
      'for (const stream of source.behind) if (stream.repair.isOpen) this.#ended(source, stream)',
      '',
    ],
    [
      'src/subscriber/growth.test.ts',
      'D21: of a publisher that died leaves nothing that is remembered of its asks',
    ],
  ),
  rule(
    'D21.14',
    'The tables of publishers that died are kept once for all who had the same',
    'each has its own',
    ['subscriber/shared-tables.ts', 'if (known) return known', ''],
    [
      'src/subscriber/growth.test.ts',
      'D21: is remembered without tables of its own where another one had the same',
    ],
  ),
  rule(
    'D21.15',
    'What a finished publisher said of its tables is not kept',
    'it is, by each subscription',
    ['subscriber/source.ts', '    this.#entry = null\n    this.openLosses', '    this.openLosses'],
    [
      'src/subscriber/growth.test.ts',
      'D21: or has ended is remembered without what it said of its tables',
    ],
  ),
  rule(
    'D21.16',
    'Ended processes are remembered without their tables',
    'with them',
    ['subscriber/subscriber.ts', 'isOver ? withoutTables(entry) : entry', 'entry'],
    [subscriberRoster, 'D21: ended processes are remembered without their tables'],
  ),
  rule(
    'D21.17',
    'Over the budget that subscription lets go first which holds most',
    'the one that takes something lets go, again and again',
    [
      'subscriber/subscriber.ts',
      'for (const each of all.toSorted((one, other) => other.heldBytes - one.heldBytes)) {',
      'for (const each of [entry.subscription, ...all]) {',
    ],
    [subscriber, 'D21: is left first by whoever holds most'],
  ),
  rule(
    'D22.1',
    'A handler that throws does not stop the delivery',
    'what it throws is passed on',
    [
      'queue/delivery-queue.ts',
      '    } catch (error) {\n      this.#events.handlerFailed(error)',
      '    } catch (error) {\n      if (error) throw error\n      this.#events.handlerFailed(error)',
    ],
    [queue, 'D22: tells a handler that fails, and goes on'],
  ),
  rule(
    'D22.2',
    'A handler that throws or rejects is told as a status event',
    'nothing is told',
    ['queue/told-events.ts', "feed.emit({ type: 'handler-failed', error })", 'void error'],
    [queue, 'D22: tells a handler that fails, and goes on'],
  ),
  rule(
    'D22.3',
    'A subscription that is stopped within a delivery takes nothing more',
    'it goes on reading what waits',
    [
      'queue/subscription-handle.ts',
      '!this.#queue.isEnded && (this.#queue.hasRoom',
      '(this.#queue.hasRoom',
    ],
    [
      'src/queue/subscription-handle.test.ts',
      'D22: stopped within a delivery it takes, counts and tells nothing more, and has no room',
    ],
  ),
]
