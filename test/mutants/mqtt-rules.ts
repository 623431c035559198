import { type Rule, rule } from './rule.ts'

const topics = 'src/transport/mqtt/naming/broker-topics.test.ts'
const fragments = 'src/transport/mqtt/naming/fragments.test.ts'
const clientIds = 'src/transport/mqtt/naming/client-id.test.ts'
const book = 'src/transport/mqtt/presence/presence-book.test.ts'
const settlement = 'src/transport/mqtt/presence/roster-settlement.test.ts'
const history = 'src/transport/mqtt/presence/roster-history.test.ts'
const packets = 'src/transport/mqtt/broker/packet-queue.test.ts'
const choice = 'src/transport/mqtt/broker/broker-choice.test.ts'
const snapshot = 'src/transport/mqtt/figures/broker-snapshot.test.ts'
const witness = 'test/transport/mqtt/broker-witness.test.ts'
const watched = 'test/transport/mqtt/watched-cluster.test.ts'
const figures = 'src/transport/mqtt/figures/figures-record.test.ts'

/** The cluster at an MQTT broker: Q1 to Q4. */
export const mqttRules: readonly Rule[] = [
  rule(
    'Q1.1',
    'The mark for "all tables" travels where the filter for all updates looks',
    'it travels beside it',
    [
      'transport/mqtt/naming/broker-topics.ts',
      'return this.#atBroker(own, this.root, noTable)',
      'return this.#atBroker(own, `${this.root}/all`, noTable)',
    ],
    [topics, 'Q1: all updates come by one filter'],
  ),
  rule(
    'Q1.2',
    'A dot in the name of a table is encoded: a broker may take it for another level',
    'it stays',
    ['transport/mqtt/naming/broker-topics.ts', "name.replaceAll('.', '%2E')", 'name'],
    [topics, 'Q1: table/SCHEMA.TRADE/ is published on'],
  ),
  rule(
    'Q1.3',
    'A topic that is none of the pattern is none of ours',
    'it is taken for one',
    [
      'transport/mqtt/naming/broker-topics.ts',
      'if (!topic.startsWith(this.#before) || !topic.endsWith(this.#after)) return null',
      '',
    ],
    [topics, 'Q1: a topic that is none of ours is none'],
  ),
  rule(
    'Q1.4',
    'A message that lacks a piece is lost whole',
    'it is given without the piece',
    [
      'transport/mqtt/naming/fragments.ts',
      'open?.number === number && open.parts.length === piece',
      'open?.number === number && open.parts.length <= piece',
    ],
    [fragments, 'Q1: a message of which a piece is missing is lost, and the next is not'],
  ),
  rule(
    'Q1.5',
    'A piece that comes twice counts once',
    'it ends the message',
    [
      'transport/mqtt/naming/fragments.ts',
      'if (open?.number === number && piece < open.parts.length) return null',
      '',
    ],
    [fragments, 'Q1: a piece that QoS 1 brings twice does no harm'],
  ),
  rule(
    'Q1.6',
    'Pieces of messages that are not whole are bounded in bytes',
    'they are kept for ever',
    ['transport/mqtt/naming/fragments.ts', 'this.#makeRoom()\n    return null', 'return null'],
    [fragments, 'Q1: pieces of senders that died are let go of within bounds'],
  ),
  rule(
    'Q2.1',
    'Who has lost its connection is told as gone only when it has not returned for long',
    'it is told at once',
    [
      'transport/mqtt/presence/presence-book.ts',
      "const presence = isLive ? 'lost' : 'gone'",
      "const presence = 'gone'",
    ],
    [book, 'Q2: a will is told as alive until the connection has been gone for long'],
  ),
  rule(
    'Q2.2',
    'A will that was kept counts also where it comes before the entry',
    'it is forgotten',
    ['transport/mqtt/presence/presence-book.ts', 'this.#wills.add(incarnation)', ''],
    [book, 'Q2: a will that was kept counts at once, before its entry'],
  ),
  rule(
    'Q2.3',
    'Nothing changes an end with last numbers',
    'its own word does',
    ['transport/mqtt/presence/presence-book.ts', 'if (known && isFinal(known.entry)) return', ''],
    [book, 'Q2: who has ended with last numbers stays so, whatever is said later'],
  ),
  rule(
    'Q2.4',
    'What the broker kept does not bring back who was told as ended',
    'it does',
    [
      'transport/mqtt/presence/presence-book.ts',
      "if (known?.entry.state === 'ended' && !isLive && !isEnd) return",
      '',
    ],
    [book, 'Q2: who was taken for dead is back by its own word, and not by what was kept of it'],
  ),
  rule(
    'Q2.5',
    'What is retained proves nobody: each has to say so on the connection of who asks',
    'it is proof',
    [
      'transport/mqtt/presence/presence-book.ts',
      'isConfirmed: isBack || (!isEnd && (known?.isConfirmed ?? false))',
      'isConfirmed: !isEnd',
    ],
    [book, 'Q2: on a new connection of ours nobody is confirmed until it says so'],
  ),
  rule(
    'Q2.6',
    'The roster is settled when each who is known to be there has answered',
    'when it is quiet',
    [
      'transport/mqtt/presence/roster-settlement.ts',
      'this.#unanswered().length === 0 && now',
      'now',
    ],
    [settlement, 'Q2: it waits for each who is known, and for quiet behind the last word'],
  ),
  rule(
    'Q2.7',
    'It is settled without those who are silent for long, and they are told',
    'it waits for ever',
    [
      'transport/mqtt/presence/roster-settlement.ts',
      'this.#isAnswered(now) || this.#isLate(now)',
      'this.#isAnswered(now)',
    ],
    [settlement, 'Q2: who is silent is waited for so long, and told'],
  ),
  rule(
    'Q2.8',
    'What was said on an earlier connection vouches for nothing',
    'it does',
    ['transport/mqtt/presence/roster-settlement.ts', 'this.#vouched.clear()', ''],
    [settlement, 'Q2: what was said on an earlier connection does not count on the next'],
  ),
  rule(
    'Q2.9',
    'Of two histories that are begun at the same moment the one told first counts',
    'the one told last does',
    [
      'transport/mqtt/presence/roster-history.ts',
      'this.#current ??= history',
      'this.#current = history',
    ],
    [history, 'Q2: of two that are begun at the same moment the first counts'],
  ),
  rule(
    'Q2.10',
    'Who may have a name is waited for, though somebody vouches for the roster',
    'of two processes one may be given the name of the other, which is there',
    [
      'transport/mqtt/presence/roster-settlement.ts',
      ' && (this.#isLate(now) || ![...awaited].some(isUnanswered))',
      ' && [...awaited].length >= 0',
    ],
    [
      settlement,
      'Q2: a name is settled when those who have it have said so themselves, whoever vouches for them',
    ],
  ),
  rule(
    'Q2.11',
    'Of intakes there is one at a broker, on whatever node',
    'each node may have one, and what foreign programs publish is numbered by each',
    [
      'transport/mqtt/presence/presence-book.ts',
      '(node === own.node || isIntake(own))',
      'node === own.node',
    ],
    [book, 'Q2: of one name there may be one on each node, of intakes one at a broker'],
  ),
  rule(
    'Q2.12',
    'Who stays on the host of a process that has died says so: nobody else sees it',
    'nobody says it',
    [
      'transport/mqtt/presence/witness.ts',
      'if (isOver(entry.pid, life)) this.#sayEnded(known)',
      'if (isOver(entry.pid, null)) this.#sayEnded(known)',
    ],
    [
      witness,
      'Q2: is ready, tells who comes and goes, sees that the last process of its host has died',
    ],
  ),
  rule(
    'Q2.13',
    'What a broker of 3.1.1 would keep of the dead for ever GENESIS_CLUSTER takes away, and nobody else',
    'any process does',
    [
      'transport/mqtt/presence/witness.ts',
      "if (this.#own.role === 'cluster') this.#clear(now)",
      'this.#clear(now)',
    ],
    [witness, 'Q2: only it takes away what a broker without expiry would keep of the dead'],
  ),
  rule(
    'Q2.14',
    'What another tells of a process counts less than what that has said itself',
    'whoever lags says of others that they are gone',
    ['transport/mqtt/presence/presence-book.ts', "if (isDecided && state !== 'ended') return", ''],
    [book, 'Q2: what another one tells counts as kept, where it has not said anything itself'],
  ),
  rule(
    'Q3.1',
    'No more messages are unacknowledged than the broker takes',
    'any number is',
    [
      'transport/mqtt/broker/packet-queue.ts',
      '(first.qos > 0 && this.#inFlight >= this.#window)',
      'this.#window < 0',
    ],
    [packets, 'Q3: no more messages are unacknowledged than the broker takes'],
  ),
  rule(
    'Q3.2',
    'What waits to leave is bounded: what comes on top is dropped, as beyond a high-water mark',
    'it is kept',
    [
      'transport/mqtt/broker/packet-queue.ts',
      'this.#waiting.length >= queuedMessages || bytes > queuedBytes',
      'bytes < 0',
    ],
    [packets, 'Q3: what waits is bounded by number and bytes'],
  ),
  rule(
    'Q3.3',
    'Nothing that waited for a connection is sent on the next: numbers repair it',
    'it is',
    ['transport/mqtt/broker/packet-queue.ts', 'this.#waiting.clear()', ''],
    [packets, 'Q3: what waits when the connection ends is told as failed'],
  ),
  rule(
    'Q3.4',
    'Two processes of one name have two client ids',
    'they have one',
    ['transport/mqtt/naming/client-id.ts', ', life].join', '].join'],
    [clientIds, 'Q3: two programs of one name have two client ids'],
  ),
  rule(
    'Q3.5',
    'A broker that knows no MQTT 5 is asked in 3.1.1, also where it only closes the connection',
    'it is asked in 5 again',
    [
      'transport/mqtt/broker/broker-choice.ts',
      'broker.version = broker.version === 5 ? 4 : 5',
      'broker.version = 5',
    ],
    [choice, 'Q3: one that closes without a word is asked in the other version'],
  ),
  rule(
    'Q3.6',
    'Where a broker does not answer the next is tried',
    'the same is',
    [
      'transport/mqtt/broker/broker-choice.ts',
      'this.#place = (this.#place + 1) % this.#brokers.length',
      'this.#place = 0',
    ],
    [choice, 'Q3: brokers are tried in turn'],
  ),
  rule(
    'Q3.7',
    'A client id that another program has ends the queue, and is not fought for',
    'it is fought for',
    [
      'transport/mqtt/broker/takeovers.ts',
      'return this.#short.length >= takenOverTimes',
      'return false',
    ],
    [choice, 'Q3: a client id that another program has is told'],
  ),
  rule(
    'Q4.1',
    'Who watches shows who does not answer as one who may live or not',
    'what was kept of him counts',
    [
      'transport/mqtt/figures/broker-snapshot.ts',
      "(isConfirmed && presence === 'here')",
      "presence === 'here'",
    ],
    [snapshot, 'Q4: who does not answer, and whose connection has ended, may live or not'],
  ),
  rule(
    'Q4.2',
    'The clock of a node is read from the answer that took least',
    'it is read from any',
    [
      'transport/mqtt/figures/broker-snapshot.ts',
      'told.toSorted((one, other) => tookMs(one) - tookMs(other))',
      'told',
    ],
    [snapshot, 'Q4: the clock of a node is that of the answer that took least'],
  ),
  rule(
    'Q4.3',
    'Figures that no packet of the broker holds are told without the numbers',
    'they are told with them',
    [
      'transport/mqtt/figures/figures-record.ts',
      'if (all.byteLength <= mostBytes) return all',
      'return all',
    ],
    [figures, 'Q4: what a packet of the broker cannot hold leaves out the numbers'],
  ),
  rule(
    'Q4.4',
    'Who watches waits until each has said itself that it is there, whoever vouches for it',
    'one that answers late is shown as one that may not live',
    [
      'transport/mqtt/figures/roster-watch.ts',
      'return this.#settlement.isSettledWith(this.#book.living(), now)',
      'return this.#settlement.isSettled(now)',
    ],
    [watched, 'Q4: waits for who is slow to answer'],
  ),
  rule(
    'Q4.5',
    'Who has not told its figures is asked again',
    'it is shown without them',
    [
      'transport/mqtt/figures/roster-watch.ts',
      'if (this.#isJoined && isUntold && !this.#haveAllTold()) this.#putQuestion()',
      'if (this.#isJoined && isUntold && !this.#haveAllTold()) return',
    ],
    [watched, 'Q4: waits for who is slow to answer'],
  ),
]
