import { type Rule, rule } from './rule.ts'

const publisher = 'src/publisher/publisher.test.ts'
const subscriber = 'src/subscriber/subscriber.test.ts'
const answers = 'src/publisher/answers.test.ts'

/** How a flush and a leaving process know who has what: D19. */
export const flushRules: readonly Rule[] = [
  rule(
    'D19.1',
    'A flush asks all subscribers of the roster for a confirmation, every 250 ms',
    'it asks once',
    [
      'publisher/publisher.ts',
      'this.#confirmAskAt = this.#flushes.isWaiting ? now + this.#limits.confirmAskMs : Infinity',
      'this.#confirmAskAt = Infinity',
    ],
    [answers, 'D19: asks every 250 ms'],
  ),
  rule(
    'D19.2',
    'A flush resolves when all subscribers have confirmed what was published before it',
    'it resolves at once',
    [
      'publisher/flushes.ts',
      'if (!this.#hasConfirmed(flush, known, now)) return true',
      'if (flush.until < 0 && !this.#hasConfirmed(flush, known, now)) return true',
    ],
    [publisher, 'D19: asks until all subscribers of the roster have confirmed'],
  ),
  rule(
    'D19.3',
    'A flush waits for no update that was published after it',
    'it waits for the latest',
    [
      'publisher/publisher.ts',
      'this.#flushes.start({ target: this.lastNumbered, until: now + drainMs, done })',
      'const [get, has] = [(_: unknown, key: PropertyKey) => Reflect.get(this.lastNumbered, key), (_: unknown, key: PropertyKey) => key in this.lastNumbered]\n    this.#flushes.start({ target: new Proxy<TableSequence[]>([], { get, has }), until: now + drainMs, done })',
    ],
    [publisher, 'D19: ends while more is published: it waits for its own target only'],
  ),
  rule(
    'D19.4',
    'A flush ends after `drainMs` and names who has not confirmed',
    'it names nobody',
    [
      'publisher/flushes.ts',
      'ended.push([flush, { confirmed, missing }])',
      'ended.push([flush, { confirmed, missing: [] }])',
    ],
    [publisher, 'D19: ends after drainMs and names who is missing'],
  ),
  rule(
    'D19.5',
    'A flush waits for nobody who ended, or wants other tables',
    'who ended is waited for',
    [
      'publisher/publisher.ts',
      "if (state === 'ended' || state === 'gone' || subscribes.length === 0)",
      'if (subscribes.length === 0)',
    ],
    [publisher, 'D19: waits for nobody who ended, or wants other tables'],
  ),
  rule(
    'D19.6',
    'What is held back until the roster knows the publisher has not left: a flush waits for it',
    'it is not waited for',
    ['publisher/outbox.ts', '!this.isHolding &&\n', ''],
    [answers, 'D19: waits until what is held has left'],
  ),
  rule(
    'D19.7',
    'Nobody waits for his own subscriptions',
    'they are waited for',
    ['publisher/publisher.ts', 'if (!isOwn) this.#flushes.onSync(', 'this.#flushes.onSync('],
    [answers, 'D19: waits for nobody on its own behalf'],
  ),
  rule(
    'D19.8',
    'A confirmation tells what was delivered or reported, not what is known to exist',
    'it runs ahead of the delivery',
    [
      'subscriber/source.ts',
      '.map(({ table, consumed }) => ({ table, last: consumed }))',
      '.map(({ table, known }) => ({ table, last: known }))',
    ],
    [subscriber, 'D19: confirm what both of them have'],
  ),
  rule(
    'D19.9',
    'A process confirms what all of its subscriptions have',
    'it confirms what the fastest has',
    [
      'subscriber/confirmations.ts',
      'least.set(table, Math.min(last, least.get(table) ?? Infinity))',
      'least.set(table, Math.max(last, least.get(table) ?? 0))',
    ],
    [subscriber, 'D19: confirm what both of them have'],
  ),
  rule(
    'D19.10',
    'A process confirms again as soon as it has what was asked for',
    'it waits for the next ask',
    [
      'subscriber/subscriber.ts',
      'this.#confirmations.progressed(this.#subscriptions())\n    subscription.onRoom',
      'subscription.onRoom',
    ],
    [subscriber, 'D19: confirm what both of them have'],
  ),
  rule(
    'D19.11',
    'A word of a subscriber that comes behind his end, by the roster, revives nobody',
    'he is waited for until drainMs is over',
    ['publisher/flushes.ts', '    if (this.#without.get(subscriber)) return\n', ''],
    [publisher, 'D19: waits for nobody whose word comes behind his end'],
  ),
  rule(
    'D19.12',
    'A flush waits for what is left of a parcel that leaves in several turns',
    'it is not waited for',
    [
      'publisher/outbox.ts',
      'target.every(({ table, last }) => (this.#streams.get(table)?.closed ?? 0) >= last)',
      'target.length >= 0',
    ],
    ['src/publisher/closed-parcel.test.ts', 'D19: is waited for by a flush, with subscribers and'],
  ),
  rule(
    'D19.13',
    'A flush asks for confirmations again as soon as the rest of such a parcel has left',
    'it asks at its next 250 ms',
    ['publisher/publisher.ts', 'this.#flushAsksLater ||= !this.#outbox.isEmpty', 'void 0'],
    ['src/publisher/closed-parcel.test.ts', 'D19: is waited for by a flush, with subscribers and'],
  ),
  rule(
    'D19.14',
    'Who wants none of the tables that were published does not count as one who has confirmed',
    'everybody counts',
    ['publisher/flushes.ts', '      if (wanted.length === 0) continue\n', ''],
    [publisher, 'D19: neither waits for who wants other tables nor counts on him'],
  ),
  rule(
    'D19.15',
    'A subscription that is not ready has confirmed nothing',
    'it confirms what came before its base',
    [
      'subscriber/subscribed-tables.ts',
      '(this.isReady ? this.#sources.get(incarnation)?.consumed : undefined)',
      'this.#sources.get(incarnation)?.consumed',
    ],
    [
      'src/subscriber/subscriber.test.ts',
      'D19: confirm nothing before they are ready, and then at once',
    ],
  ),
  rule(
    'D19.16',
    'A flush waits for who is on no roster as long as it is heard, and no longer',
    'it waits until drainMs is over',
    [
      'publisher/flushes.ts',
      'now - (onRoster === null ? heardAt : syncedAt) < rosterFollowsMs',
      'onRoster === null || now - syncedAt < rosterFollowsMs',
    ],
    [
      'src/publisher/publisher.test.ts',
      'D19: waits for who is on no roster as long as it is heard, and no longer',
    ],
  ),
  rule(
    'D19.17',
    'What is known of a confirmation is looked at anew where a subscriber has come to want more',
    'it is kept',
    [
      'publisher/flushes.ts',
      'if (!progress || progress.wants !== known.wants) {',
      'if (!progress) {',
    ],
    [
      'src/publisher/flushes.test.ts',
      'D19: waits for a table that a subscriber wants only since the flush was looked at',
    ],
  ),
  rule(
    'D19.18',
    'What was lost before the beginning of a stream is confirmed when its loss was taken',
    'it is confirmed as soon as it is known',
    [
      'subscriber/subscribed-stream.ts',
      'else this.#consumed = Math.max(this.#consumed, base)',
      'this.#consumed = Math.max(this.#consumed, base)',
    ],
    [
      'src/subscriber/bases.test.ts',
      'D19: of which all before it is lost is confirmed when the loss was taken, not before',
    ],
  ),
]
