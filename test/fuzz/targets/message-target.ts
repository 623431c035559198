import type { BatchMessage, Message, ResetNotice } from '../../../src/model/message.ts'
import type { Update } from '../../../src/model/update.ts'
import { parseTopic } from '../../../src/model/topic.ts'
import { isOurs, sealEnvelope } from '../../../src/wire/frames/envelope.ts'
import {
  decodeMessage,
  encodeBatch,
  encodeMessage,
} from '../../../src/wire/frames/message-codec.ts'
import type { Refused } from '../../../src/wire/refused.ts'
import { refusedReasons } from '../../../src/wire/refused.ts'
import { wireLimits } from '../../../src/wire/limits.ts'
import { ResetRows } from '../../../src/wire/frames/reset-notice.ts'
import { keyOf } from '../../../src/wire/rows/record-key.ts'
import { RowReader } from '../../../src/wire/rows/row-reader.ts'
import { RowWriter } from '../../../src/wire/rows/row-writer.ts'
import { mutateBytes } from '../byte-mutation.ts'
import { frameSpans } from '../frame-spans.ts'
import { mutateFrame } from '../frame-mutation.ts'
import { messageFrames } from '../messages.ts'
import { Broken, expectSame } from '../oracle.ts'
import { largest } from '../span-mutation.ts'
import { SpanWalk } from '../spans.ts'
import type { Input, Target } from '../target.ts'
import { mutateOne } from '../target.ts'
import { wideBatch } from '../wide-batches.ts'
import { decodeFrames } from '../../harness/frames.ts'

const closures = new RowReader({ generateAfter: Infinity })
const generated = new RowReader({ generateAfter: 1 })

/** One batch in so many is read by generated code too: making it costs more than all else. */
const generatedOneIn = 4
/** Larger ones are read once, or the time and memory of all comparisons would be taken for theirs. */
const largeBytes = 64 * 1024
/** One small batch in so many is published again. */
const republishedOneIn = 16

/** The checksum of a frame is as good as chance, and the same each time. */
const chanceOf = ({ frame }: BatchMessage): number => frame[8] ?? 0

function readBy(reader: RowReader, batch: BatchMessage, skip: number): Update[] | null {
  const into: Update[] = []
  const isRead = reader.read(batch, skip, into)
  const owed = isRead ? Math.max(0, batch.count - skip) : 0
  if (into.length !== owed) throw new Broken(`${into.length} updates instead of ${owed}`)
  return isRead ? into : null
}

/** The rows of a batch as both kinds of decoders read them; null: malformed. */
function readRows(batch: BatchMessage, skip: number): Update[] | null {
  if (batch.frame.length > largeBytes) return readBy(closures, batch, skip)
  const rows = readBy(closures, batch, skip)
  if (chanceOf(batch) % generatedOneIn === 0)
    expectSame(readBy(generated, batch, skip), rows, 'generated code and closures differ')
  return rows
}

/** Published again, updates are what they were; `-0` within JSON alone becomes 0, so once is free. */
function republished(updates: readonly Update[], batch: BatchMessage): Update[] {
  const writer = new RowWriter()
  for (const update of updates) writer.append(update)
  const again: Update[] = []
  let { first } = batch
  for (const rows of writer.take()) {
    const commits = [{ type: 'run', commit: first, commits: rows.count, updatesEach: 1 }] as const
    const manifest = [{ table: batch.table, last: first + rows.count - 1 }]
    const made = encodeBatch({ ...batch, first, count: rows.count, commits, manifest }, rows)
    const message = decodeFrames([Buffer.from(`table/${encodeURI(batch.table)}/`), made.frame])
    const read = message.kind === 'batch' ? message : made
    again.push(...(readRows(read, 0) ?? []))
    first += rows.count
  }
  if (again.length !== updates.length) throw new Broken('what was read cannot be published again')
  return again.map((update) => ({ ...update, commit: 0 }))
}

/** Bytes up to which a batch is published again: it costs ten times what reading does. */
const republishBytes = 1_200

function judgeReset(batch: BatchMessage, reset: ResetNotice): string {
  const { message } = encodeBatch(batch, new ResetRows(reset))
  const again = decodeMessage(message)
  expectSame(again.kind === 'batch' && again.reset, reset, 'encoded again it differs')
  if (reset.keys.some((key) => keyOf(key) === null)) throw new Broken('a key cannot be read')
  return 'reset'
}

function judgeBatch(batch: BatchMessage): string {
  if (batch.reset) return judgeReset(batch, batch.reset)
  const whole = readRows(batch, 0)
  if (whole === null) return 'batch, rows malformed'
  const chance = chanceOf(batch)
  const skip = chance % (batch.count + 1)
  const isSmall = batch.frame.length <= largeBytes
  const rest = isSmall && chance % 4 === 0 ? readRows(batch, skip) : null
  if (rest !== null) expectSame(rest, whole.slice(skip), 'a part differs from the whole')
  if (
    batch.frame.length < republishBytes &&
    batch.first < 2 ** 52 &&
    chance % republishedOneIn === 0
  ) {
    const once = republished(whole, batch)
    expectSame(republished(once, batch), once, 'published again it differs')
  }
  return 'batch'
}

function judgeReplay(replay: Message & { kind: 'replay' }): string {
  for (const batch of replay.batches) judgeBatch(batch)
  const frame = encodeMessage('', replay)
  const again = decodeFrames([Buffer.from(`reply/${'0'.repeat(32)}/`), frame])
  const framesOf = (message: typeof again) =>
    message.kind === 'replay' ? message.batches.map((each) => Buffer.from(each.frame)) : message
  expectSame(framesOf(again), framesOf(replay), 'the batches of a replay are sent as they came')
  return 'replay'
}

export function judgeRefused({ reason }: Refused): string {
  if (!refusedReasons.includes(reason)) throw new Broken(`${reason} is no reason`)
  return reason
}

export function judgeMessage(topic: Buffer, message: Message | Refused): string {
  if (message.kind === 'refused') return judgeRefused(message)
  if (message.kind === 'batch') return judgeBatch(message)
  if (message.kind === 'replay') return judgeReplay(message)
  const again = decodeFrames([topic, encodeMessage('', message)])
  expectSame(again, message, 'encoded again it differs')
  return message.kind
}

/** Enough to tell two readings apart. */
const outcomeOf = (message: Message | Refused): string =>
  message.kind === 'refused' ? message.reason : message.kind

/** Each field that says a count or a length at its greatest, the checksum right. */
export function* frameBombs(frame: Buffer): Generator<Buffer> {
  const { spans, payload, innerAt } = frameSpans(frame)
  const head = new SpanWalk(frame, payload?.at ?? frame.length, (payload?.at ?? frame.length) + 32)
  if (payload !== null) head.times(8, () => head.fixed('u32', true))
  for (const span of [...spans, ...head.spans]) {
    if (!span.isCount) continue
    const bomb = Buffer.concat([
      frame.subarray(0, span.at),
      largest(span),
      frame.subarray(span.end),
    ])
    sealEnvelope(bomb)
    yield bomb
  }
  if (innerAt === null || innerAt >= frame.length) return
  for (const inner of frameBombs(frame.subarray(innerAt))) {
    const bomb = Buffer.concat([frame.subarray(0, innerAt), inner])
    sealEnvelope(bomb)
    yield bomb
  }
}

export const messageTarget: Target = {
  name: 'message',
  weight: 30,
  valid: messageFrames,
  mutate(dice, [topic = Buffer.alloc(0), ...frames], other) {
    if (dice.chance(0.02)) return [mutateBytes(dice, topic, other[0] ?? topic), ...frames]
    if (dice.chance(0.01)) return [topic, ...frames, ...other.slice(0, dice.below(3))]
    return [topic, ...mutateOne(dice, frames, other.slice(1), mutateFrame)]
  },
  run(input) {
    const [topic = Buffer.alloc(0), frame] = input
    const message = decodeFrames(input)
    const isTopic = parseTopic(topic.latin1Slice()) !== null
    if (frame !== undefined && input.length === 2 && isTopic && isOurs(frame))
      expectSame(
        outcomeOf(decodeMessage(Buffer.concat([topic, frame]))),
        outcomeOf(message),
        'in one frame it differs',
      )
    return judgeMessage(topic, message)
  },
  *heavy() {
    // Where code is generated, 127 rows at once are still read without.
    for (const most of [150_000, 500_000, wireLimits.maxBatchBytes]) {
      for (const type of ['null', 'boolean', 'bytes', 'dictionary', 'date', 'int64'] as const) {
        yield [Buffer.from('table/T/'), Buffer.from(wideBatch(type, most).frame)]
      }
    }
  },
  *bombs([topic = Buffer.alloc(0), ...frames]: Input) {
    for (const [place, frame] of frames.entries()) {
      for (const bomb of frameBombs(frame)) yield [topic, ...frames.with(place, bomb)]
    }
  },
}
