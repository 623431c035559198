import { type Rule, rule } from './rule.ts'

const envelope = 'src/wire/frames/envelope.test.ts'
const foreign = 'src/wire/frames/foreign.test.ts'
const intake = 'src/intake/intake.test.ts'
const foreignReplay = 'src/intake/foreign-replay.test.ts'
const zmtpReader = 'src/intake/zmtp-reader.test.ts'
const brokerSource = 'src/intake/broker-source.test.ts'
const atBroker = 'test/transport/mqtt/foreign-programs.test.ts'
const waitingMessages = 'src/intake/waiting-messages.test.ts'
const membership = 'src/cluster/membership/membership.test.ts'

/** Foreign programs and requests, and the ZRE membership of nodes: W5, W6, Z1. */
export const foreignRules: readonly Rule[] = [
  rule(
    'W5.1',
    'Any ZeroMQ program may publish JSON: one update of the table of the topic',
    'the topic of updates of ours is taken for it',
    [
      'model/topic.ts',
      '/^update\\/([A-Za-z0-9_.%-]{1,255})\\/$/',
      '/^table\\/([A-Za-z0-9_.%-]{1,255})\\/$/',
    ],
    [foreign, 'W5: is one update of the table of its topic'],
  ),
  rule(
    'W5.2',
    'An array of updates is one commit',
    'an array is refused',
    [
      'wire/frames/foreign.ts',
      'const list: unknown[] = Array.isArray(json) ? json : [json]',
      'const list: unknown[] = [json]',
    ],
    [foreign, 'W5: may be an array: one commit'],
  ),
  rule(
    'W5.3',
    'What foreign programs publish is numbered by the intake of their node, and marked',
    'it is not marked',
    ['wire/rows/row-reader.ts', 'if (batch.foreign)', 'if (!batch)'],
    [intake, 'W5: is delivered in order, numbered by the intake and marked as foreign'],
  ),
  rule(
    'W5.4',
    'What is not taken of it has a number, and is told as a loss in its place',
    'it is only counted',
    ['intake/intake.ts', 'queue.loseCommits(table, count, reason)', ''],
    [intake, 'W5: what cannot be read is told as a loss in its place, and as refused'],
  ),
  rule(
    'W5.5',
    'A foreign update has a kind and a record, or nothing of its message is taken',
    'any JSON object is an update',
    [
      'wire/frames/foreign.ts',
      'if (!updateKinds.includes(kind as UpdateKind) || !isRecord(record) || version === null)',
      'if (version === null)',
    ],
    [foreign, 'W5: is refused as {"kind":"upsert","record":{}}'],
  ),
  rule(
    'W5.6',
    'What waits to be read is bounded by bytes, and what is let go beyond is counted by table, in its place',
    'it is let go in silence',
    ['intake/waiting-messages.ts', 'this.#letGo(run)', ''],
    [
      intake,
      'W5: what comes beyond the bytes that may wait is an exact loss of each table, in its place',
    ],
  ),
  rule(
    'W5.7',
    'Whole numbers of foreign JSON are exact; what a number cannot hold is refused',
    'they are rounded',
    ['wire/frames/foreign.ts', 'parseExactJson(text) }', 'JSON.parse(text) as unknown }'],
    [foreign, 'W5: has whole numbers of 64 bits as they are'],
  ),
  rule(
    'W5.8',
    'When the intake leaves, what comes is wanted until no program has published for a while',
    'nothing is wanted any more at once',
    ['intake/intake.ts', 'this.#quietFor(quietMs, end - settleMs)', 'this.#quietFor(0, 0)'],
    [intake, 'W5: when it leaves it wants what comes until no program has published for a while'],
  ),
  rule(
    'W5.9',
    'Where programs go on publishing while the intake leaves, each of their tables has one more, which is lost',
    'a table of which nothing could be read has none',
    ['intake/intake.ts', '      this.#numberedAt.set(table, this.#cameAt)', ''],
    [
      intake,
      'W5: a program that goes on publishing while it leaves: one more in each of its tables is told as lost',
    ],
  ),
  rule(
    'W5.10',
    'A message of too many frames or bytes is skipped and told in its place, and its connection goes on',
    'it ends the connection',
    [
      'intake/zmtp-reader.ts',
      "if (this.#frames > maxFrames) this.#refused ??= 'bad-frames'",
      "if (this.#frames > maxFrames) this.#end = 'too many frames'",
    ],
    [
      zmtpReader,
      'W5: goes on behind a message of too many frames or bytes, which is told in its place by its topic',
    ],
  ),
  rule(
    'W5.11',
    'What a connection to the intake may have held when it ended is told as a loss of every table',
    'it is only told to the operator',
    ['intake/waiting-messages.ts', 'this.#gapFor(overrunReason).isOfAll = true', ''],
    [
      intake,
      'W5: what a connection that ended may have held is a loss of every table, and so is what is published until it is back',
    ],
  ),
  rule(
    'W5.12',
    'What programs publish before they hear that the intake is back is told as a loss behind it',
    'only the end is told',
    ['intake/intake.ts', '() => this.#interrupt())', '() => undefined)'],
    [
      intake,
      'W5: what a connection that ended may have held is a loss of every table, and so is what is published until it is back',
    ],
  ),
  rule(
    'W5.13',
    'What waits to be read keeps no more memory than is counted for it, and little beside its own bytes',
    'a small part keeps the whole piece in which it came',
    [
      'intake/waiting-messages.ts',
      '2 * bytes.length < bytes.buffer.byteLength ? ownCopy(bytes) : bytes',
      'bytes',
    ],
    [waitingMessages, 'W5: of a piece of which little is whole, the rest is not kept'],
  ),
  rule(
    'W5.14',
    'Nothing is taken for quiet before what came while the event loop stood still is read',
    'it is judged first',
    ['intake/intake.ts', '      await nextTurn()\n      const now', '      const now'],
    [intake, 'W5: what comes while the event loop stands still is handed on before it leaves'],
  ),
  rule(
    'W5.15',
    'A replay of what foreign programs published is marked as it was',
    'it is not marked',
    [
      'wire/frames/message-codec.ts',
      '    frame.set(batch.frame, at + lengthBytes)\n',
      `    frame.set(batch.frame, at + lengthBytes)
    const inner = frame.subarray(at + lengthBytes, at + lengthBytes + batch.frame.length)
    inner[5] = (inner[5] ?? 0) & 0xfe
    sealEnvelope(inner)
`,
    ],
    [
      foreignReplay,
      'W5: a batch of foreign updates that did not arrive is asked for, and comes marked as foreign',
    ],
  ),
  rule(
    'W5.16',
    'A replay of what was not taken says why, as its first sending did',
    'it is a batch without rows',
    [
      'wire/frames/message-codec.ts',
      'batches.push(batch)',
      'batches.push({ ...batch, unpublished: undefined })',
    ],
    [foreignReplay, 'W5: a told loss (foreign-overrun) that did not arrive is asked for'],
  ),
  rule(
    'W5.17',
    'A whole number of foreign JSON is exact however it is written, with a point or an exponent too',
    'it is rounded to a double',
    [
      'base/exact-json.ts',
      'return hasFraction(value) ? value : scaled(value, source)',
      'return Number.isFinite(value) ? value : scaled(value, source)',
    ],
    [foreign, 'W5: has whole numbers of 64 bits as they are'],
  ),
  rule(
    'W5.18',
    'A number of foreign JSON that is refused is told by its path',
    'the path is not told',
    [
      'intake/intake.ts',
      'this.#options.refused(table, reason, 1, path)',
      'this.#options.refused(table, reason, 1)',
    ],
    [intake, 'W5: what cannot be read is told as a loss in its place, and as refused'],
  ),
  rule(
    'W5.19',
    'What a broker has retained is told and has no number: it came when it was published',
    'it is passed over in silence',
    ['intake/broker-source.ts', "else this.#notTaken(parseForeignTopic(topic), 'retained', 1)", ''],
    [
      brokerSource,
      'W5: what a broker has kept is told as refused, and has no place among the others',
    ],
  ),
  rule(
    'W5.20',
    'Where the connection to a broker ends, a loss stands in the place of what may be missing',
    'nobody is told',
    ['transport/mqtt/mqtt-transport.ts', 'this.#options.foreign?.interrupted(at, why)', '{}'],
    [
      atBroker,
      'W5: where the connection to the broker ends, a loss stands in the place of what may be missing',
    ],
  ),
  rule(
    'W5.21',
    'JSON at a broker is refused by processes only where no intake takes it',
    'they refuse it always',
    [
      'transport/mqtt/data-plane.ts',
      "if (!hasIntake()) refusals.count('no intake')",
      "refusals.count('no intake')",
    ],
    [atBroker, 'W5: what one publishes is numbered once, for all, and another one reads it'],
  ),
  rule(
    'W5.22',
    'What was published while the intake at a broker began anew is told as missing',
    'nobody is told',
    ['intake/broker-source.ts', 'this.#isMissing = this.#hasOpened', 'this.#isMissing = false'],
    [brokerSource, 'W5: what was published while the intake began anew is told as missing'],
  ),
  rule(
    'W6.1',
    'A request is one frame that begins neither with 0 nor with 1',
    'it begins with 1',
    ['wire/frames/envelope.ts', 'const magicByte = 0x89', 'const magicByte = 0x01'],
    [envelope, 'W6: is one frame that libzmq does not take for a subscription'],
  ),
  rule(
    'W6.2',
    'A range asked for does not end before it begins',
    'the end is not compared',
    [
      'wire/frames/request-codec.ts',
      'const to = reader.varint(from)',
      'const to = reader.varint()',
    ],
    [envelope, 'W6: is refused with a range that ends before it begins'],
  ),
  rule(
    'Z1.1',
    'A connection to another node begins with HELLO, and JOIN of the group of all nodes right behind it',
    'JOIN is not sent',
    [
      'cluster/membership/membership.ts',
      "this.#contacts.say(id, { type: 'join', group: clusterGroup, status: 1 })",
      '',
    ],
    [membership, 'Z1: a connection begins with HELLO, then JOIN of the group of all nodes'],
  ),
  rule(
    'Z1.2',
    'Each connection is numbered from 1',
    'numbers go on from the last one',
    [
      'cluster/membership/contacts.ts',
      "message.type === 'hello' ? 1 : (open.sequence + 1) & 0xffff",
      '(open.sequence + 1) & 0xffff',
    ],
    [membership, 'Z1: a node that has not answered is greeted again, from 1'],
  ),
  rule(
    'Z1.3',
    'Who does not answer pings is greeted again, though it is heard: it may not know who pings',
    'a HELLO that was lost or refused is never said again on that connection',
    [
      'cluster/membership/membership.ts',
      'if (!isAlive || !this.#contacts.answers(id)) this.#hello(id)',
      'if (!isAlive) this.#hello(id)',
    ],
    [
      membership,
      'Z1: a node that is heard, and does not answer pings, is greeted again until it does',
    ],
  ),
]
