import type {
  BatchMessage,
  CommitEntry,
  Message,
  StreamState,
  TableSequence,
} from '../../src/model/message.ts'
import type { PublisherIdentity } from '../../src/model/publisher-identity.ts'
import type { Request, Tables } from '../../src/model/request.ts'
import { allUpdatesTopic, replyTopic, statusTopic, updateTopic } from '../../src/model/topic.ts'
import { encodeBatch, encodeMessage } from '../../src/wire/frames/message-codec.ts'
import { encodeRequest } from '../../src/wire/frames/request-codec.ts'
import { ResetRows } from '../../src/wire/frames/reset-notice.ts'
import { keyText } from '../../src/wire/rows/record-key.ts'
import { RowWriter } from '../../src/wire/rows/row-writer.ts'
import type { Dice } from './dice.ts'
import { tableName } from './names.ts'
import { updateMaker } from './records.ts'

/** Few, so that messages meet each other. */
export const incarnations = ['0'.repeat(31).concat('1'), 'f'.repeat(32)] as const
export const subscriberId = '5'.repeat(32)

const publishers: readonly PublisherIdentity[] = [
  { node: 'a', process: 'PUBLISHER', instance: '', incarnation: incarnations[0] },
  { node: 'bé', process: 'P', instance: '2', incarnation: incarnations[1] },
]

const sequence = (dice: Dice): number =>
  dice.chance(0.95) ? 1 + dice.below(200) : dice.pick([1, 127, 128, 2 ** 32, 2 ** 53 - 1])

const sequences = (dice: Dice): TableSequence[] =>
  dice.many(dice.few(6), () => ({ table: tableName(dice), last: sequence(dice) }))

/** The entries for `count` updates of one table: whole commits, and parts of commits over two. */
function commitsOf(dice: Dice, table: string, other: string, count: number): CommitEntry[] {
  const entries: CommitEntry[] = []
  let commit = 1 + dice.below(50)
  for (let left = count; left > 0;) {
    const taken = 1 + dice.below(left)
    if (dice.chance(0.6)) {
      entries.push({ type: 'run', commit, commits: taken, updatesEach: 1 })
      commit += taken
    } else {
      const places = dice.many(taken, (index) => index * 2)
      const tables = [
        { table, updates: taken },
        { table: other, updates: taken + dice.below(3) },
      ]
      entries.push({ type: 'part', commit, places, tables })
      commit++
    }
    left -= taken
  }
  return entries
}

/** A reset of a table, or of some records of it. */
function resetBatch(dice: Dice): BatchMessage {
  const table = tableName(dice)
  const make = updateMaker(dice)
  const keys = dice.many(dice.few(4), () => keyText('key', { ...make().record, ID: 1 }))
  const rows = new ResetRows({ text: dice.pick(['', 'why', 'ü'.repeat(99)]), keys })
  const { unpublished, reset } = rows
  const first = sequence(dice)
  const manifest = [{ table, last: first }]
  const commits = [{ type: 'run', commit: 1 + dice.below(50), commits: 1, updatesEach: 1 }] as const
  const publisher = dice.pick(publishers)
  const header = { publisher, table, first, count: 1, parcel: 1, manifest, commits }
  return encodeBatch({ ...header, publishedAt: 1_700_000_000_000, unpublished, reset }, rows)
}

/** Real batches of one table, as a publisher would make them. */
export function batches(dice: Dice, updates: number): BatchMessage[] {
  if (dice.chance(0.05)) return [resetBatch(dice)]
  const writer = new RowWriter(dice.chance(0.1) ? { batchBytes: 2000 } : {})
  const make = updateMaker(dice)
  for (let n = 0; n < updates; n++) writer.append(make())
  const table = tableName(dice)
  const other = table === 'OTHER' ? 'OTHER2' : 'OTHER'
  const publisher = dice.pick(publishers)
  let first = sequence(dice) % 1e6 || 1
  return writer.take().map((rows) => {
    const { count } = rows
    const commits = commitsOf(dice, table, other, count)
    const manifest = [
      { table, last: first + count - 1 },
      { table: other, last: 100_000 },
    ]
    const parcel = 1 + dice.below(9)
    const publishedAt = 1_700_000_000_000
    const header = { publisher, table, first, count, parcel, manifest, commits, publishedAt }
    first += count
    return encodeBatch(header, rows)
  })
}

/** How many updates: few, seldom so many that a decoder is generated. */
const updateCount = (dice: Dice) => (dice.chance(0.03) ? 130 + dice.below(60) : 1 + dice.few(10))

const streamState = (dice: Dice): StreamState => {
  const last = sequence(dice) % 2 ** 52
  const first = dice.chance(0.2) ? last + 1 : 1 + dice.below(Math.min(last, 1000))
  const since = Math.max(1, dice.chance(0.5) ? first - dice.below(2) : last + dice.below(2))
  return {
    table: tableName(dice),
    last,
    first,
    since,
    ageMs: dice.chance(0.2) ? null : dice.below(1e6),
  }
}

function plainMessage(dice: Dice): Exclude<Message, BatchMessage> {
  const publisher = dice.pick(publishers)
  const nonce = dice.chance(0.9) ? 1 + dice.below(4) : sequence(dice)
  const table = tableName(dice)
  switch (dice.below(6)) {
    case 0:
      return { kind: 'refusal', publisher, nonce, table, firstRetained: sequence(dice) }
    case 1: {
      const answers = dice.many(dice.few(4), () => ({ subscriber: subscriberId, nonce }))
      return dice.chance(0.3)
        ? { kind: 'mark', publisher, table: null, last: 0, answers }
        : { kind: 'mark', publisher, table, last: sequence(dice), answers }
    }
    case 2: {
      const streams = dice.many(dice.few(5), () => streamState(dice))
      return { kind: 'vector', publisher, nonce, all: dice.chance(0.5), streams }
    }
    case 3:
      return { kind: 'heartbeat', publisher, streams: sequences(dice), confirm: dice.chance(0.5) }
    case 4:
      return { kind: 'leaving', publisher, streams: sequences(dice) }
    default: {
      const [batch] = batches(dice, 1 + dice.few(4)) as [BatchMessage]
      return {
        kind: 'replay',
        publisher: batch.publisher,
        nonce,
        batches: Array.from({ length: 1 + dice.few(4) }, () => batch),
      }
    }
  }
}

function topicOf(message: Message): string {
  switch (message.kind) {
    case 'batch':
      return updateTopic(message.table)
    case 'mark':
      return message.table === null ? allUpdatesTopic : updateTopic(message.table)
    case 'heartbeat':
    case 'leaving':
      return statusTopic(message.publisher.incarnation)
    default:
      return replyTopic(subscriberId)
  }
}

/** Topic and frame of a message of any kind. */
export function messageFrames(dice: Dice): Buffer[] {
  if (dice.chance(0.5)) {
    const [batch] = batches(dice, updateCount(dice))
    const { table, frame } = batch as BatchMessage
    return [Buffer.from(updateTopic(table)), Buffer.from(frame)]
  }
  const message = plainMessage(dice)
  const topic = topicOf(message)
  const whole = Buffer.from(encodeMessage(topic, message))
  return [whole.subarray(0, topic.length), whole.subarray(topic.length)]
}

const tables = (dice: Dice): Tables =>
  dice.chance(0.3) ? '*' : [...new Set(dice.many(dice.few(5), () => tableName(dice)))]

/** A request of any kind. */
export function requestFrame(dice: Dice): Buffer {
  const subscriber = subscriberId
  const nonce = 1 + dice.below(1000)
  const incarnation = dice.pick(incarnations)
  const from = sequence(dice)
  const requests: readonly Request[] = [
    {
      kind: 'sync',
      subscriber,
      nonce,
      sinceMs: sequence(dice),
      tables: tables(dice),
      marks: tables(dice),
      incarnations: dice.chance(0.5) ? null : dice.many(dice.few(3), () => dice.pick(incarnations)),
    },
    {
      kind: 'replay',
      subscriber,
      nonce,
      incarnation,
      table: tableName(dice),
      from,
      to: Math.min(2 ** 53 - 1, from + dice.below(300)),
    },
    { kind: 'confirm', subscriber, incarnation, streams: sequences(dice) },
  ]
  return Buffer.from(encodeRequest(dice.pick(requests)))
}
