import { type Rule, rule } from './rule.ts'

const folder = 'cluster/links/multicast'
const testOf = (name: string) => `src/${folder}/${name}.test.ts`
const node = testOf('multicast-node')
const order = testOf('datagram-order')

/** Datagrams of the multicast link, in order, repaired and within bounds: X1 to X8. */
export const multicastRules: readonly Rule[] = [
  rule(
    'X1.1',
    'A datagram of another version, kind, or with flags that must be understood is refused',
    'flags are not looked at',
    [`${folder}/datagram.ts`, 'if ((flags & mustBeKnown) !== 0)', 'if ((flags & 0) !== 0)'],
    [testOf('datagram'), 'X1: what is none is refused: unknown-flags'],
  ),
  rule(
    'X1.2',
    'The number of a datagram is at least 1 and below 2^53',
    'any number is taken',
    [
      `${folder}/datagram.ts`,
      "if (sequence < 1 || !Number.isSafeInteger(sequence)) return 'bad-number'",
      '',
    ],
    [testOf('datagram'), 'X1: numbers begin at 1 and end before 2^53: eight bytes of 0'],
  ),
  rule(
    'X2.1',
    'A message that does not fit the rest of a datagram begins another one, if it fits that',
    'it is cut',
    [
      `${folder}/datagram-writer.ts`,
      'if (recordHeadBytes + bytes.length > this.#room) this.close()',
      'if (recordHeadBytes + bytes.length > this.#room) return this.#cut(bytes)',
    ],
    [testOf('datagram-writer'), 'X2: small messages share a datagram'],
  ),
  rule(
    'X2.2',
    'What follows a message that was cut shares its last datagram',
    'it begins another one',
    [
      `${folder}/datagram-writer.ts`,
      '      from += size\n      this.#closeIfFull()\n    }',
      '      from += size\n      this.#closeIfFull()\n    }\n    this.close()',
    ],
    [testOf('datagram-writer'), 'X2: a message that fits no datagram is cut'],
  ),
  rule(
    'X3.1',
    'The pieces of a message have as many bytes together as its first one says',
    'its last piece ends it',
    [
      `${folder}/message-assembly.ts`,
      "if (this.#bytes > this.#total || (kind === 'final') !== (this.#bytes === this.#total)) {",
      'if (this.#bytes > this.#total) {',
    ],
    [testOf('message-assembly'), 'X3: a message that has too little is dropped'],
  ),
  rule(
    'X3.2',
    'A message longer than the largest frame is not begun',
    'it is collected',
    [`${folder}/message-assembly.ts`, 'total > this.#maxBytes || ', ''],
    [testOf('message-assembly'), 'X3: a message that is too long is dropped'],
  ),
  rule(
    'X3.3',
    'A piece of no bytes is refused, since any number of them would fit',
    'it is taken',
    [
      `${folder}/records.ts`,
      'if (size === 0 || at > buffer.length) return null',
      'if (at > buffer.length) return null',
    ],
    [testOf('message-assembly'), 'X3: records are read, or none is'],
  ),
  rule(
    'X4.1',
    'No more leaves than the rate allows',
    'all leaves at once',
    [
      `${folder}/backlog.ts`,
      'if (!first || !this.#tokens.take(first.bytes.length, now)) return undefined',
      'if (!first) return undefined',
    ],
    [testOf('backlog'), 'X4: as much as the burst leaves at once'],
  ),
  rule(
    'X4.2',
    'What was sent is kept for 5 s, and no longer',
    'it is kept for ever',
    [
      `${folder}/sent-datagrams.ts`,
      'if (this.#bytes <= keptBytes && now - oldest.at <= keptMs) return',
      'if (this.#bytes <= keptBytes || now < keptMs) return',
    ],
    [testOf('sent-datagrams'), 'X4: no more bytes than allowed are kept, and none for longer'],
  ),
  rule(
    'X4.3',
    'Who asks for what is not kept any more is told at once where the kept ones begin',
    'it waits for the next hello',
    [
      `${folder}/multicast-node.ts`,
      'if (!this.#sender.ask(node, message.ranges)) this.#hello(node)',
      'this.#sender.ask(node, message.ranges)',
    ],
    [node, 'X4: an ask for what was never sent'],
  ),
  rule(
    'X5.1',
    'A datagram is taken once',
    'the same one is held again when it was given',
    [
      `${folder}/datagram-order.ts`,
      'if (sequence < this.#next || this.#held.has(sequence)',
      'if (this.#held.has(sequence)',
    ],
    [order, 'X5: datagrams are given in the order of their numbers, each once'],
  ),
  rule(
    'X5.2',
    'A number beyond the window is refused',
    'any number is held',
    [
      `${folder}/datagram-order.ts`,
      "return sequence >= this.#next + this.#limits.windowDatagrams ? 'ahead' : null",
      'return null',
    ],
    [order, 'X5: a number beyond the window is refused'],
  ),
  rule(
    'X5.3',
    'A session begins behind what its node says to have sent',
    'it begins with number 1',
    [`${folder}/datagram-order.ts`, 'this.#next = sent + 1', 'this.#next = 1'],
    [order, 'X5: what was sent before it was told is owed to nobody'],
  ),
  rule(
    'X6.1',
    'What is missing is asked for once, and again only after 400 ms without progress',
    'it is asked for each time',
    [
      `${folder}/datagram-order.ts`,
      'let from = this.#missing.firstFrom(Math.max(this.#next, this.#askedTo + 1))',
      'let from = this.#missing.firstFrom(this.#next)',
    ],
    [order, 'X6: what is missing is asked for once'],
  ),
  rule(
    'X6.2',
    'What its node says to have sent is missing where it has not come',
    'a lost last datagram is not noticed',
    [
      `${folder}/datagram-order.ts`,
      'if (sent > this.#highest) this.#rise(sent, sent + 1, now)',
      '',
    ],
    [order, 'X6: what is missing at the end is known by the word of the sender'],
  ),
  rule(
    'X6.3',
    'After 2 s without progress what was missing at their beginning is given up',
    'it is waited for',
    [
      `${folder}/datagram-order.ts`,
      'if (now - this.#progressAt >= this.#limits.giveUpMs) {',
      'if (now < this.#progressAt) {',
    ],
    [order, 'X6: what has not come after 2 s without progress is given up'],
  ),
  rule(
    'X6.4',
    'What can no longer be sent again is given up at once',
    'it is waited for',
    [`${folder}/datagram-order.ts`, 'this.#giveUp(Math.min(first - 1, this.#highest))', ''],
    [order, 'X6: what the sender can no longer repair is given up at once'],
  ),
  rule(
    'X6.5',
    'No range that comes from outside is looped over',
    'the missing ones are as many as a word says',
    [
      `${folder}/datagram-order.ts`,
      'if (sent >= this.#next + window) this.#leap(sent - window / 2)',
      '',
    ],
    [order, 'X6: a word far beyond the window leaves all behind'],
  ),
  rule(
    'X6.6',
    'What was missed since then is no progress for what was asked for before',
    'while others are missed and come, a lost ask is not sent again, and nothing is given up',
    [
      `${folder}/datagram-order.ts`,
      'const isOld = sequence <= this.#missedTo',
      'const isOld = sequence > 0',
    ],
    [
      order,
      'X6: while others are missed and come, what was asked for before them is asked for again after 400 ms',
    ],
  ),
  rule(
    'X6.7',
    'An ask for others is none for what was asked for before',
    'while others are asked for, a lost ask is not sent again',
    [
      `${folder}/datagram-order.ts`,
      'if (this.#missing.firstFrom(this.#next) > this.#askedTo) {',
      'if (this.#askedTo >= 0) {',
    ],
    [
      order,
      'X6: while others are missed and come, what was asked for before them is asked for again after 400 ms',
    ],
  ),
  rule(
    'X7.1',
    'Who has heard nothing by the group for 3 s is deaf, and is served by the channel',
    'it is not noticed',
    [
      `${folder}/hearing.ts`,
      'if (now - this.#lastAt <= this.#limits.deafAfterMs) return',
      'if (now >= this.#lastAt) return',
    ],
    [testOf('hearing'), 'X7: who hears nothing for 3 s is served by the channel'],
  ),
  rule(
    'X7.2',
    'A node is served by the channel until it has heard the group for a second',
    'it is taken to hear the group from the beginning',
    [`${folder}/hearing.ts`, '#isDeaf = true\n  /** Since', '#isDeaf = false\n  /** Since'],
    [node, 'X7: a node is served by the channel until it has heard the group for a while'],
  ),
  rule(
    'X7.3',
    'Time in which GENESIS_CLUSTER itself stood still is no silence',
    'it makes all others unheard',
    [
      `${folder}/hearing.ts`,
      'this.#lastAt = Math.min(now, this.#lastAt + late)',
      'this.#lastAt = Math.min(now, this.#lastAt + 0 * late)',
    ],
    [testOf('hearing'), 'X7: time in which this process stood still is no silence'],
  ),
  rule(
    'X7.4',
    'People are told of a node that is silent for 10 s, not of one of which some datagrams are lost',
    'three lost in a row are told',
    [
      `${folder}/hearing.ts`,
      'now - this.#lastAt > this.#limits.missedAfterMs',
      'now - this.#lastAt > this.#limits.deafAfterMs',
    ],
    [testOf('hearing'), 'X7: people are told of a silence of 10 s alone'],
  ),
  rule(
    'X7.5',
    'While nothing is sent, a datagram every 4 s is as long as they may be, or 1,200 bytes: a receiver knows which lengths come',
    'only short ones are sent',
    [`${folder}/group-sender.ts`, 'this.#writer.idle(this.#lengths[0])', ''],
    [node, 'X7: while nothing is sent it shows which lengths of datagrams come'],
  ),
  rule(
    'X7.6',
    'Who is served by the channel alone is not told which lengths come by the group',
    'all count as too long',
    [
      `${folder}/group-receiver.ts`,
      ' && !sender.hearing.isDeaf) sender.longerMissed++',
      ') sender.longerMissed++',
    ],
    [node, 'X7: who is served by the channel is not told which lengths come'],
  ),
  rule(
    'X8.1',
    'Datagrams that wait are bounded, in number and bytes, of one node and of all',
    'bytes are not bounded',
    [
      `${folder}/datagram-order.ts`,
      'this.#heldBytes + bytes <= heldBytes &&\n      this.#heldOfAll.sum + bytes <= heldBytesOfAll',
      'bytes <= heldBytes + heldBytesOfAll',
    ],
    [order, 'X8: bytes are bounded, of one node and of all together'],
  ),
  rule(
    'X8.2',
    'Where there is no room the oldest gap is given up',
    'nothing more is given for 2 s',
    [`${folder}/datagram-order.ts`, 'this.#giveUp(this.#missing.endOfRunAt(this.#next))', ''],
    [order, 'X8: where there is no room the oldest gap is given up'],
  ),
  rule(
    'X8.3',
    'The next one is taken where there is no room: it makes room',
    'it is dropped, and given up',
    [`${folder}/datagram-order.ts`, 'sequence !== this.#next && ', ''],
    [order, 'X8: what is next is taken where there is no room: it makes room'],
  ),
]
