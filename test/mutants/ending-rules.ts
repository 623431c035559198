import { type Rule, rule } from './rule.ts'

const publisher = 'src/publisher/publisher.test.ts'
const answers = 'src/publisher/answers.test.ts'
const subscription = 'src/subscriber/subscribed-tables.test.ts'
const endings = 'src/subscriber/endings.test.ts'
const leaving = 'src/subscriber/leaving.test.ts'
const behindHeld = 'src/subscriber/endings-behind-held.test.ts'

/** How publishers end: D20. */
export const endingRules: readonly Rule[] = [
  rule(
    'D20.1',
    'Who leaves takes nothing more',
    'it goes on taking updates',
    ['publisher/publisher.ts', "if (this.#state !== 'alive')", "if (this.#state === 'ended')"],
    [publisher, 'D20: is a part of leaving: last numbers, confirmations, then ended'],
  ),
  rule(
    'D20.2',
    'Who leaves tells the last numbers of all its streams',
    'it tells those of the first',
    [
      'publisher/publisher.ts',
      "kind: 'leaving', publisher: this.identity, streams: this.lastNumbered }",
      "kind: 'leaving', publisher: this.identity, streams: this.lastNumbered.slice(0, 1) }",
    ],
    [answers, 'D20: says so on the roster and on the wire, with the last numbers of all streams'],
  ),
  rule(
    'D20.3',
    'Who leaves says so on the roster before it waits',
    'the roster hears of its end alone',
    [
      'publisher/publisher.ts',
      "    this.#state = 'leaving'\n    this.#hasNewRegistration = true",
      "    this.#state = 'leaving'",
    ],
    [answers, 'D20: says so on the roster and on the wire, with the last numbers of all streams'],
  ),
  rule(
    'D20.4',
    'Who leaves serves replays until all have confirmed, or `drainMs` is over',
    'it serves no more',
    [
      'publisher/publisher.ts',
      '    this.#replayer.tick(',
      "    if (this.#state === 'alive') this.#replayer.tick(",
    ],
    [answers, 'D20: serves replays until everybody has confirmed'],
  ),
  rule(
    'D20.5',
    'What is missing of a publisher that leaves is asked for, by its word on the wire',
    'its word is passed over',
    [
      'subscriber/subscribed-tables.ts',
      'this.#bases.noteLast(source, message.streams)',
      'void message',
    ],
    [leaving, 'D20: is asked for what is missing, by its word on the wire'],
  ),
  rule(
    'D20.6',
    'What is missing of a publisher that leaves is asked for, by its word on the roster',
    'it waits until it has ended',
    [
      'subscriber/subscribed-tables.ts',
      "if (entry.last && source.state !== 'finished')",
      "if (entry.last && entry.state === 'ended')",
    ],
    [leaving, 'D20: is asked for what is missing, by its word on the roster'],
  ),
  rule(
    'D20.7',
    'When it has ended in good order, the rest is an exact loss',
    'the rest is forgotten',
    [
      'subscriber/endings.ts',
      "this.#loseGaps(source, (stream) => stream.known, 'ended')",
      "this.#loseGaps(source, () => 0, 'ended')",
    ],
    [subscription, 'D20: in good order: what is missing is an exact loss, and final'],
  ),
  rule(
    'D20.8',
    'Finished is final: nothing of it counts any more',
    'it may be reopened',
    [
      'subscriber/subscribed-tables.ts',
      "if (!source || source.state === 'finished') return\n    this.#heard(source, now)",
      'if (!source) return\n    this.#heard(source, now)',
    ],
    [leaving, 'D20: is finished when it has ended: nothing of it counts any more'],
  ),
  rule(
    'D20.9',
    'A publisher is gone when nothing was heard of it for 10 s, whatever the roster says',
    'the roster has the last word',
    [
      'subscriber/silence-watch.ts',
      'if (silent <= this.#limits.goneAfterMs || lives) return false',
      'if (silent <= this.#limits.goneAfterMs || lives || source.isOnRoster) return false',
    ],
    [endings, 'D20: is gone by its silence, whatever the roster says'],
  ),
  rule(
    'D20.10',
    'A publisher is gone at once when the roster says that it ended without leaving',
    'its silence is waited for',
    [
      'subscriber/subscribed-tables.ts',
      'if (!source.isReopened) this.#endings.gone(source)',
      'if (source.isReopened) this.#endings.gone(source)',
    ],
    [subscription, 'D20: without a word: what is held is delivered, then a loss with an open end'],
  ),
  rule(
    'D20.11',
    'What is held of it is delivered before the open loss',
    'it is let go',
    ['subscriber/endings.ts', "this.#loseGaps(source, this.#lastPartlyHere(source), 'gone')", ''],
    [subscription, 'D20: without a word: what is held is delivered, then a loss with an open end'],
  ),
  rule(
    'D20.12',
    'A publisher that is gone leaves an open loss in each table of the subscription',
    'in those alone of which something has come',
    ['subscriber/endings.ts', '    this.#openUnheard(source)\n', ''],
    [endings, 'D20: leaves an open loss in each table that it published, and one in any'],
  ),
  rule(
    'D20.13',
    'A publisher that died is not forgotten without a loss',
    'it is',
    [
      'subscriber/endings.ts',
      'if (!source.pending.has(stream)) this.#reportOpen(source, stream)',
      'if (!source.pending.has(stream)) stream.openLoss()',
    ],
    [endings, 'D20: leaves an open loss in each table of the subscription'],
  ),
  rule(
    'D20.14',
    'An open loss is told once',
    'it is told again with each sign of the end',
    ['subscriber/endings.ts', 'if (stream.openLossFrom !== undefined) return', ''],
    [endings, 'D20: is told once for each table, also when the roster names more tables'],
  ),
  rule(
    'D20.15',
    'Gone is resumable: any frame of the incarnation reopens it',
    'its frames are passed over',
    [
      'subscriber/subscribed-tables.ts',
      '    source.cameBack(',
      "    if (source.state === 'gone') return\n    source.cameBack(",
    ],
    [endings, 'D20: is gone again when it is heard again and falls silent again'],
  ),
  rule(
    'D20.16',
    'When it is reopened, the open loss gets its exact end',
    'it stays open',
    [
      'subscriber/parcel-delivery.ts',
      "    if (stream.openLossFrom !== undefined)\n      this.report(source, stream, { from: stream.next, to: stream.next - 1 }, 'gone')\n    const skip",
      '    const skip',
    ],
    [
      endings,
      'D20: has its open loss closed by what comes out of retention when it is heard again',
    ],
  ),
  rule(
    'D20.17',
    'An open loss is closed by the vector where nothing came after it',
    'it stays open until the next update',
    [
      'subscriber/bases.ts',
      'else if (stream.openLossFrom !== undefined && stream.next > state.last)',
      'else if (stream.openLossFrom !== undefined && stream.next < 0)',
    ],
    [endings, 'D20: has its open loss closed by its vector where nothing came after what is here'],
  ),
  rule(
    'D20.18',
    'An open loss is closed by the last numbers of a publisher that ends in good order after all',
    'it stays open',
    [
      'subscriber/endings.ts',
      "        this.#delivery.report(source, stream, { from: stream.next, to: stream.next - 1 }, 'ended')",
      '        void 0',
    ],
    [endings, 'D20: has its open loss closed when it ends in good order with what is here'],
  ),
  rule(
    'D20.19',
    'A gone publisher is asked while the roster has it, and not otherwise',
    'it is asked for ever',
    ['subscriber/source.ts', "return this.#state !== 'gone' || this.isOnRoster", 'return true'],
    [endings, 'D20: is asked again when the roster calls it alive after it had called it gone'],
  ),
  rule(
    'D20.20',
    'A process that died before its node knew that it publishes leaves open losses',
    'it is taken for one that published nothing',
    ['subscriber/subscribed-tables.ts', ' && !mayHavePublished(entry))', ')'],
    [endings, 'D20: leaves open losses when it died before its node knew that it publishes'],
  ),
  rule(
    'D20.21',
    'The last numbers of all streams go into the roster when a process leaves',
    'they do not',
    [
      'queue/own-registration.ts',
      "last: state === 'alive' ? null : this.#publisher.lastNumbered,",
      'last: null,',
    ],
    [
      'src/queue/own-registration.test.ts',
      'D20: has the last numbers of all streams from when the process leaves',
    ],
  ),
  rule(
    'D20.22',
    'Of one that died unheard since a restart of GENESIS_CLUSTER nobody knows whether it published',
    'what it was known for before is taken for all it did',
    [
      'cluster/roster/registry.ts',
      '...(isUnheard(local) && { publishes: [], subscribes: [] }),',
      '',
    ],
    [
      'src/cluster/roster/registry.test.ts',
      'D20: of one that died unheard since the restart, what it was known for says nothing',
    ],
  ),
  rule(
    'D20.23',
    'A publisher is gone to nobody of a process that hears anything of it',
    'each subscription goes by what it hears itself',
    [
      'subscriber/silence-watch.ts',
      'if (silent <= this.#limits.goneAfterMs || lives) return false',
      'if (silent <= this.#limits.goneAfterMs) return false',
    ],
    [
      'src/subscriber/subscriber.test.ts',
      'D20: a publisher that one of them hears is not gone to the other',
    ],
  ),
  rule(
    'D20.24',
    'An open loss is told behind what is held, however long the application is slow, and stays open',
    'it is told at once, and closed by what is delivered later',
    [
      'subscriber/endings.ts',
      'if (!source.pending.has(stream)) this.#reportOpen(source, stream)',
      'this.#reportOpen(source, stream)',
    ],
    [
      behindHeld,
      'D20: has its open losses told behind what is held, once, and they stay open: silent',
    ],
  ),
  rule(
    'D20.25',
    'What is let go of a publisher that is gone is the beginning of its open loss',
    'it is a gap that nobody closes',
    ['subscriber/endings.ts', "      if (source.state === 'gone') this.#leaveOpen(source)\n", ''],
    [behindHeld, 'D20: has its open loss told from the first of them on'],
  ),
  rule(
    'D20.26',
    'The open loss in any table is told behind all that is held',
    'it is told at once',
    [
      'subscriber/endings.ts',
      'if (!openLosses.isOwedInAny || source.pending.size > 0) return',
      'if (!openLosses.isOwedInAny) return',
    ],
    [behindHeld, 'D20: leaves the open loss in any table behind all that is held'],
  ),
  rule(
    'D20.27',
    'The open loss in any table ends when its publisher has answered for all tables again',
    'it stays open',
    ['subscriber/bases.ts', 'if (isOfAll) this.#endUnnamed(source, vector)', ''],
    [endings, 'D20: has its open loss in any table ended when it is heard again'],
  ),
  rule(
    'D20.28',
    'The open loss in any table ends when its publisher has ended in good order after all',
    'it stays open',
    ['subscriber/endings.ts', "    this.#delivery.endUnheard(source, 'ended')\n", ''],
    [endings, 'D20: has its open loss in any table ended when it ends in good order after all'],
  ),
  rule(
    'D20.29',
    'A publisher that died leaves open losses in the tables alone that its node knew it to publish',
    'in each table of each subscription',
    ['subscriber/endings.ts', 'ofDead: tables.size > 0 ? tables : null', 'ofDead: null'],
    [endings, 'D20: that died leaves open losses in the tables alone that its node knew'],
  ),
  rule(
    'D20.30',
    'Who is heard after its node took it for dead may publish any table',
    'it is held to what its node knew of',
    ['subscriber/source.ts', 'this.#entry && !this.#isReopened ?', 'this.#entry ?'],
    [endings, 'D20: leaves an open loss in each table once it fell silent after its node took it'],
  ),
  rule(
    'D20.31',
    'Who is only out of touch may publish any table',
    'it is held to what its node knows of',
    ['subscriber/endings.ts', "if (state !== 'ended' || last) return", 'if (last) return'],
    [endings, 'D20: leaves an open loss in each table where its node can only say that it is out'],
  ),
  rule(
    'D20.32',
    'What came of a table counts, whatever the node knew when its publisher died',
    'it is not looked at',
    ['subscriber/endings.ts', 'known > 0 || onlyTables === null', 'onlyTables === null'],
    [endings, 'D20: that died leaves an open loss where something of it came, whatever its node'],
  ),
  rule(
    'D20.33',
    'Who falls silent behind its last numbers leaves no open loss in a table that it does not name',
    'it may have published any table',
    ['subscriber/source.ts', 'this.#saidLast ? none : tables', 'tables'],
    [leaving, 'D20: leaves no open loss in any table where all of them are here'],
  ),
  rule(
    'D20.34',
    'Who falls silent behind its last numbers leaves no open loss in a table of which all is here',
    'it leaves one in each table that it has published',
    ['subscriber/endings.ts', '  if (saidLast && base !== null) return next <= known\n', ''],
    [leaving, 'D20: leaves none by its word on the wire either'],
  ),
  rule(
    'D20.35',
    'A last number that cannot be believed is not one',
    'it is taken for what is known',
    ['subscriber/bases.ts', '      else areSane = false\n', ''],
    [leaving, 'D20: leaves one where a last number cannot be believed'],
  ),
  rule(
    'D20.36',
    'Where an open loss in any table ends before `ready`, what is in tables that nobody knew of is owed',
    'its end says that nothing of them is lost',
    [
      'subscriber/subscribed-tables.ts',
      'this.isReady || source.openLosses.isToldInAny',
      'this.isReady',
    ],
    [endings, 'D20: that comes back before `ready` owes what is in tables that nobody knew of'],
  ),
  rule(
    'D20.37',
    'A frame that comes late of who had left in good order before the subscription began makes no publisher of it',
    'it is one that falls silent, and leaves open losses without an end',
    [
      'subscriber/subscribed-tables.ts',
      'this.#output.hasLeft(identity.incarnation) ? null : this',
      'this',
    ],
    [
      'src/subscriber/subscriber-roster.test.ts',
      'D20: is none of it when it had left in good order, though a frame of it comes late',
    ],
  ),
  rule(
    'D20.38',
    'What was lost behind the first gap of a publisher that is gone belongs to its open loss, also when it is gone again',
    'it is waited for, and the open loss is never told',
    [
      'subscriber/endings.ts',
      "this.#lastPartlyHere(source), 'gone')\n    this.#leaveOpen(source)",
      "this.#lastPartlyHere(source), 'gone')\n    this.tellOpen(source)",
    ],
    [endings, 'D20: that is gone again leaves its open loss from the first gap on'],
  ),
  rule(
    'D20.39',
    'A queue that leaves waits for transactions that are under way',
    'it leaves, and what they commit is told to nobody',
    [
      'queue/departure.ts',
      'const haveEnded = await this.#commits.end(this.#timeUp.promise)',
      'const haveEnded = (this.#commits.over(), true)',
    ],
    [
      'src/queue/departure.test.ts',
      'D20: drain() waits for a transaction that is under way, and takes no other',
    ],
  ),
  rule(
    'D20.40',
    'A queue that leaves while a transaction is under way says nothing of an end: it is taken for dead',
    'it says that it ended in good order',
    [
      'queue/departure.ts',
      'const haveEnded = await this.#commits.end(this.#timeUp.promise)',
      'const haveEnded = (await this.#commits.end(this.#timeUp.promise)) || true',
    ],
    [
      'src/queue/departure.test.ts',
      'D20: close() waits no longer than drainMs, and tells both sides what it waited for in vain',
    ],
  ),
  rule(
    'D20.41',
    'Tables may be declared later: of them, too, it is told that a publisher has died',
    'they are only named',
    ['publisher/publisher.ts', '      this.#declared.add(table)\n', ''],
    [
      'src/queue/departure.test.ts',
      'D20: of tables that were declared subscribers are told where the process dies',
    ],
  ),
]
