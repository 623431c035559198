import { type Rule, rule } from './rule.ts'

const topic = 'src/model/topic.test.ts'
const subscriber = 'src/subscriber/subscriber.test.ts'
const envelope = 'src/wire/frames/envelope.test.ts'
const vectors = 'src/wire/vectors.test.ts'
const foreign = 'src/wire/frames/foreign.test.ts'
const fuzz = 'src/wire/fuzz.test.ts'
const limits = 'src/wire/rows/row-limits.test.ts'
const values = 'src/wire/rows/values.test.ts'
const publisher = 'src/publisher/publisher.test.ts'
const refusesValue = 'by the name of its field, and nothing of it stays'

/** Topics, envelopes, values and the bounds of decoders: W1 to W4. */
export const frameRules: readonly Rule[] = [
  rule(
    'W1.1',
    'The topic of a table ends in `/`, so that it is no prefix of another one',
    'the closing / is left out',
    ['model/topic.ts', '`table/${encodeTableName(table)}/`', '`table/${encodeTableName(table)}`'],
    [topic, 'W1: is no prefix of the topic of another table'],
  ),
  rule(
    'W1.2',
    'Names of tables are percent-encoded, but for `A–Z a–z 0–9 _ . -`',
    'names go out as they are',
    ['model/topic.ts', 'if (plainName.test(table)) return table', 'if (table) return table'],
    [topic, 'W1: has everything but plain characters percent-encoded'],
  ),
  rule(
    'W1.3',
    'A table has one topic: a name encoded in another way names nothing',
    'any encoding is taken',
    ['model/topic.ts', 'return encodeTableName(table) === encoded ? table : null', 'return table'],
    [topic, 'W1: a name is decoded only from the one way to encode it'],
  ),
  rule(
    'W1.4',
    'A name of a table has at most 255 bytes when it is encoded',
    'any length is taken',
    [
      'model/topic.ts',
      'if (encodeTableName(table).length > maxTableNameBytes)',
      'if (encodeTableName(table).length < 0)',
    ],
    [publisher, 'W1: refuse names of tables that no topic can carry'],
  ),
  rule(
    'W1.5',
    'The mark for "all tables" travels on `table/`',
    'it has the topic of a table without a name',
    [
      'publisher/sync-answers.ts',
      'table === null ? allUpdatesTopic : updateTopic(table)',
      "updateTopic(table ?? 'table')",
    ],
    [publisher, 'D4: for all tables is answered with all streams'],
  ),
  rule(
    'W1.6',
    'On every topic of ours only our own magic is accepted',
    'the magic is not looked at',
    [
      'wire/frames/envelope.ts',
      "if (!isOurs(frame)) return frame.length < 2 ? 'too-short' : 'bad-magic'",
      '',
    ],
    [envelope, 'W1: without our magic is refused on every topic'],
  ),
  rule(
    'W1.7',
    'Each kind of message has its topics, and is refused on others',
    'any kind travels anywhere',
    [
      'wire/frames/message-codec.ts',
      "return topic.plane === 'reply'\n    case",
      'return true\n    case',
    ],
    [envelope, 'W1: is refused on a topic where its kind does not travel'],
  ),
  rule(
    'W1.8',
    'A message is refused on the topic of another table or publisher',
    'the table of the topic is not compared',
    [
      'wire/frames/message-codec.ts',
      "return topic.plane === 'table' && topic.table === message.table",
      "return topic.plane === 'table'",
    ],
    [envelope, 'W1: is refused on the topic of another table or publisher'],
  ),
  rule(
    'W1.9',
    'A process subscribes to a topic once, for as long as one of its subscriptions wants it',
    'the first that stops leaves the topic for all',
    ['subscriber/subscriber.ts', 'if (count > 1) {', 'if (count > 9) {'],
    [subscriber, 'W1: subscribe to a topic once, and leave it with the last of them'],
  ),
  rule(
    'W1.10',
    'A message is one frame: no connection breaks between two frames of one',
    'it leaves in two frames',
    [
      'transport/zeromq/connections/publishing-socket.ts',
      'this.#bound?.send(message)',
      'this.#bound?.send([message.subarray(0, 40), message.subarray(40)])',
    ],
    [
      'test/transport/broken-connection.test.ts',
      'W1: who has begun to take a message when its connection breaks lives on and hears the others',
    ],
  ),
  rule(
    'W1.11',
    'A message has its topic before it, in the same frame',
    'the topic is looked for at the first `/` alone',
    ['wire/frames/message-codec.ts', 'return message.indexOf(slash, plane) + 1', 'return plane'],
    [envelope, 'W1: is one frame that begins with its topic'],
  ),
  rule(
    'W1.12',
    'A table that is published, declared or subscribed to has a name of Unicode, which is not `*`',
    'half of a surrogate pair is published under another name',
    ['model/topic.ts', 'if (!table.isWellFormed())', "if (table === '')"],
    ['src/model/topic.test.ts', 'W1: a table is Unicode, not empty, and not *'],
  ),
  rule(
    'W1.13',
    'The names of all tables of a process fit its registration, which says each twice when it ends',
    'any number is taken',
    ['publisher/table-names.ts', 'if (this.#sum + bytes > maxTableNamesBytes)', 'if (bytes < 0)'],
    ['src/publisher/table-names.test.ts', 'W1: the names of all tables fit a registration'],
  ),
  rule(
    'W2.1',
    'An envelope begins with our magic',
    'the second byte of it is not looked at',
    [
      'wire/frames/envelope.ts',
      'frame[at] === magicByte && frame[at + 1] === magicT',
      'frame[at] === magicByte',
    ],
    [envelope, 'W2: is refused with another magic'],
  ),
  rule(
    'W2.2',
    'Another version is refused',
    'the version is not looked at',
    ['wire/frames/envelope.ts', 'if (frame[3] !== wireVersion)', 'if (frame[3] === 0)'],
    [envelope, 'W2: is refused with another version'],
  ),
  rule(
    'W2.3',
    'An unknown kind is refused',
    'an unknown kind is taken for a heartbeat',
    [
      'wire/frames/message-codec.ts',
      'const kind = kindOfCode[frame[4] as number]',
      "const kind = kindOfCode[frame[4] as number] ?? 'heartbeat'",
    ],
    [envelope, 'W2: is refused with an unknown kind'],
  ),
  rule(
    'W2.4',
    'A checksum covers the bytes of a frame, also those of its envelope, up to 4,096',
    'the checksum leaves the first bytes out',
    ['wire/frames/envelope.ts', 'zlib.crc32(frame.subarray(0, crcAt))', '0'],
    [envelope, 'W2: has a checksum over its bytes, the first 4,096 of a larger one'],
  ),
  rule(
    'W2.5',
    'What goes down and what goes up cannot be taken for each other',
    'the direction is not looked at',
    [
      'wire/frames/envelope.ts',
      'if (frame[2] !== directionBytes[direction])',
      'if (frame[2] === 0)',
    ],
    [envelope, 'W6: is refused where it is a message from a publisher'],
  ),
  rule(
    'W2.6',
    'A flag of the high four that a reader does not know is a reason to refuse',
    'all flags are ignored',
    [
      'wire/frames/envelope.ts',
      'const unknownCriticalFlags = 0xf0',
      'const unknownCriticalFlags = 0',
    ],
    [envelope, 'W2: is refused with a flag that must be understood'],
  ),
  rule(
    'W2.7',
    'Unknown low flags and reserved bytes are no reason to refuse: they are the room to grow',
    'every flag must be known',
    [
      'wire/frames/envelope.ts',
      'const unknownCriticalFlags = 0xf0',
      'const unknownCriticalFlags = 0xff',
    ],
    [envelope, 'W2: may have flags and reserved bytes that a reader need not understand'],
  ),
  rule(
    'W2.8',
    'A message names its publisher: node, process, instance, incarnation',
    'the instance is not written',
    [
      'wire/frames/identity-cache.ts',
      'publisher.node, publisher.process, publisher.instance]',
      "publisher.node, publisher.process, '']",
    ],
    [envelope, 'W2: says who publishes: node, process, instance and incarnation'],
  ),
  rule(
    'W2.9',
    'A publisher replays batches of its own only',
    'the two publishers of a replay are not compared',
    [
      'wire/frames/message-codec.ts',
      'if (batch.publisher.incarnation !== publisher.incarnation)',
      'if (!batch.publisher.incarnation)',
    ],
    [envelope, 'W2: of one publisher cannot replay the batch of another'],
  ),
  rule(
    'W2.10',
    'Bytes stay what they mean: the version of the wire is frozen by vectors',
    'a count is written in another place',
    [
      'wire/frames/batch-codec.ts',
      'header.varint(batch.first)\n  header.varint(batch.count)',
      'header.varint(batch.count)\n  header.varint(batch.first)',
    ],
    [vectors, 'W2: what is encoded is byte for byte what it was'],
  ),
  rule(
    'W3.1',
    'A bigint of 64 bits comes back; a larger one is refused by the name of its field',
    'any bigint is taken',
    ['wire/rows/field-value.ts', 'if (!isInt64(value))', 'if (value === 0.5)'],
    [limits, `W3: refuses a bigint above 64 bits ${refusesValue}`],
  ),
  rule(
    'W3.2',
    'Functions and symbols are refused by the name of their field, also within JSON',
    'JSON drops them in silence',
    [
      'wire/rows/json-writer.ts',
      'throw this.#cannot(`is a ${typeof value}, which JSON cannot hold${isAwaitMissing(key)}`)',
      'return undefined',
    ],
    [limits, `W3: refuses a function inside JSON ${refusesValue}`],
  ),
  rule(
    'W3.3',
    'Cycles are refused by the path to where they close',
    'they are followed as far as any JSON',
    ['wire/rows/json-writer.ts', 'if (this.#open.includes(value))', 'if (value === undefined)'],
    [limits, 'W3: refuses a cycle by the path to where it closes'],
  ),
  rule(
    'W3.4',
    'A date comes back as a date',
    'it is written as a number',
    [
      'wire/rows/object-kind.ts',
      "if (types.isDate(value)) return 'date'",
      "if (types.isDate(value)) return 'json'",
    ],
    [values, 'W3: comes back as it went: a date'],
  ),
  rule(
    'W3.5',
    'Bytes are copied when they are published and when they are delivered',
    'delivered bytes share the memory of the frame',
    [
      'wire/rows/row-source.ts',
      'const bytes = new Uint8Array(to - from)',
      'const bytes = new Uint8Array(this.memory.buffer.buffer, this.heapAt + from, to - from)',
    ],
    [values, 'W3: of bytes shares no memory with what else was delivered'],
  ),
  rule(
    'W3.6',
    'An update may have a version, and it is passed on',
    'versions are not read',
    [
      'wire/rows/row-reader.ts',
      '(flags & hasVersion) === 0 ? undefined : this.version()',
      'undefined',
    ],
    [values, 'W3: goes with its update'],
  ),
  rule(
    'W3.7',
    'A batch begins with its shape; a reader keeps the shapes it has read, up to a number',
    'shapes are kept without end',
    [
      'wire/rows/row-reader.ts',
      'if (this.shapes.size >= wireLimits.maxCachedShapes) {',
      'if (this.shapes.size < 0) {',
    ],
    [values, 'W3: has its reader kept, as one of a bounded number'],
  ),
  rule(
    'W3.8',
    'A field that comes and goes or changes its type widens the shape: it does not cut batches',
    'the shape begins anew with every batch',
    [
      'wire/rows/row-writer.ts',
      'if (segment === null) return\n',
      'if (segment === null) return\n    ;(this as unknown as { shape: WriterShape }).shape = new WriterShape()\n',
    ],
    [values, 'W3: widens for fields that come and go and change their type, and cuts no batch'],
  ),
  rule(
    'W3.9',
    'Generated code holds names as literals only',
    'line ends that JSON leaves as they are',
    [
      'wire/rows/code-generation.ts',
      "return JSON.stringify(text).replaceAll('\\u2028', '\\\\u2028').replaceAll('\\u2029', '\\\\u2029')",
      'return JSON.stringify(text)',
    ],
    ['src/wire/rows/code-generation.test.ts', 'W3: holds names as literals only'],
  ),
  rule(
    'W3.10',
    'Where code may not be generated, closures give the same',
    'no look is taken whether it may',
    [
      'wire/rows/code-generation.ts',
      "    return generate({}, 'return true') === true\n",
      '    return true\n',
    ],
    [
      'src/wire/rows/code-generation.test.ts',
      'W3: gives the same bytes and the same updates as closures',
    ],
  ),
  rule(
    'W3.11',
    'Shapes are bounded: fields, bytes of names, bytes in all',
    'a shape may have any number of fields',
    [
      'wire/rows/shape.ts',
      'if (count > wireLimits.maxFields) return null',
      'if (count < 0) return null',
    ],
    [values, 'W3: beyond its bounds is refused'],
  ),
  rule(
    'W3.12',
    'A value is what it is and not of which class: that of another realm has another one',
    'it is asked for its class',
    [
      'wire/rows/object-kind.ts',
      "if (types.isDate(value)) return 'date'",
      "if (value instanceof Date) return 'date'",
    ],
    [values, 'W3: of another realm comes back as one of ours'],
  ),
  rule(
    'W3.13',
    'What is not in the fields of an object would not arrive: it is refused by the name of its field',
    'JSON makes {} of it',
    [
      'wire/rows/object-kind.ts',
      'for (const [is, what] of brands) if (is(value)) return what',
      'if (brands.length > 0) return null',
    ],
    [limits, `W3: refuses a Promise ${refusesValue}`],
  ),
  rule(
    'W3.14',
    'A whole number beyond 2⁵³ is exact within JSON, too',
    'it is rounded',
    [
      'base/exact-json.ts',
      'return whole !== null && isInt64(whole) ? whole : outOfRange(source)',
      'return whole === null ? outOfRange(source) : value',
    ],
    [values, 'W3: comes back as it went: JSON with whole numbers beyond 2⁵³'],
  ),
  rule(
    'W3.15',
    'Within JSON nothing becomes null or another number in silence: it is refused by its path',
    'NaN becomes null',
    [
      'wire/rows/json-writer.ts',
      'if (!Number.isFinite(value)) throw this.#cannot(`is ${value}, of which JSON makes null`)',
      "if (!Number.isFinite(value)) return 'null'",
    ],
    [limits, `W3: refuses NaN inside JSON ${refusesValue}`],
  ),
  rule(
    'W3.16',
    'Only own fields travel, whatever Object.prototype has',
    'an update with what Object.prototype has is refused',
    ['publisher/open-parcel.ts', 'if (!Object.hasOwn(update, name)) continue', ''],
    ['src/queue/own-fields.test.ts', 'W3: publish() takes own fields only'],
  ),
  rule(
    'W3.17',
    'What can be awaited is refused, and the refusal asks for the missing `await`',
    'its fields are taken for the value that it stands for',
    ['wire/rows/object-kind.ts', 'if (isThenable(value)) return thenable(value)', ''],
    [limits, `W3: refuses what can be awaited ${refusesValue}`],
  ),
  rule(
    'W4.1',
    'Any bytes give a message or a named reason to refuse them, never an exception',
    'reading beyond the end throws',
    [
      'wire/bytes/byte-reader.ts',
      "    this.refuse('bad-length')\n    return false",
      "    throw new RangeError('beyond the end')",
    ],
    [fuzz, 'W4: 100,000 damaged messages give a message or a named reason'],
  ),
  rule(
    'W4.2',
    'A promise is checked against the bytes at hand before anything is allocated',
    'counts are believed',
    [
      'wire/rows/row-reader.ts',
      'if (sections.end !== payload.length) return false',
      'if (sections.end < 0) return false',
    ],
    [fuzz, 'W4: a promise of more than the bytes hold is refused before anything is allocated'],
  ),
  rule(
    'W4.3',
    'JSON that nests deeper than 128 is refused',
    'any depth is parsed',
    [
      'base/json-nesting.ts',
      'if (++depth > levels) return true',
      'if (++depth > Infinity) return true',
    ],
    [foreign, 'W4: is refused where it nests deeper than 128 levels'],
  ),
  rule(
    'W4.4',
    'A frame beyond 5 MiB is refused',
    'any size is taken',
    ['wire/frames/envelope.ts', "if (frame.length > maxBytes) return 'too-large'", ''],
    [envelope, 'W4: is refused in a frame of more than 5 MiB'],
  ),
  rule(
    'W4.5',
    'Refusals are counted by their reason',
    'they are passed over',
    [
      'queue/composed-queue.ts',
      "if (message.kind === 'refused') this.#refused(message.reason)",
      "if (message.kind === 'refused') void message.reason",
    ],
    [
      'src/queue/refusals.test.ts',
      'W4: frames and requests that a queue does not take are the event `refused`, and counted',
    ],
  ),
]
