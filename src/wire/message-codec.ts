import { assertNever } from '../base/assertion.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { BatchMessage, Message, ReplayMessage } from '../model/message.ts'
import { parseTopic } from '../model/topic.ts'
import type { Topic } from '../model/topic.ts'
import { readBatch } from './batch-codec.ts'
import { asBuffer, ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import {
  beginEnvelope,
  envelopeBytes,
  envelopeProblem,
  isOurs,
  messageKinds,
  sealEnvelope,
} from './envelope.ts'
import { decodeForeign } from './foreign.ts'
import type { ForeignMessage } from './foreign.ts'
import { IdentityCache, writeNames } from './identity-cache.ts'
import { wireLimits } from './limits.ts'
import { readBody, writeBody } from './message-bodies.ts'
import { refused } from './refused.ts'
import type { Refused } from './refused.ts'

export { encodeBatch } from './batch-codec.ts'

const out = new ByteWriter()
const identities = new IdentityCache()
const maxTopicBytes = 300

/** A replay as its publisher sends it: of the batch no more than the frame is needed. */
export type OutgoingReplay = Omit<ReplayMessage, 'batch'> & {
  readonly batch: Pick<BatchMessage, 'frame'>
}

/**
 * The frames behind the topic: of a replay its own and the batch's as it was first sent, of all
 * others one. Throws LIMIT_EXCEEDED where a name or the frame is too large.
 */
export function encodeMessage(
  message: Exclude<Message, BatchMessage | ReplayMessage> | OutgoingReplay,
): Uint8Array[] {
  beginEnvelope(out, 'down', messageKinds[message.kind], message.publisher.incarnation)
  writeNames(out, message.publisher)
  if (message.kind === 'replay') out.varint(message.nonce)
  else writeBody(out, message)
  if (out.length > wireLimits.maxFrameBytes) {
    throw new TidingsError(
      'LIMIT_EXCEEDED',
      `a ${message.kind} would have ${out.length} bytes, at most ${wireLimits.maxFrameBytes} are possible`,
    )
  }
  const frame = out.copy()
  sealEnvelope(frame)
  return message.kind === 'replay' ? [frame, message.batch.frame] : [frame]
}

/**
 * Any frames to a message or to a named reason to refuse them, never an exception. `frames[0]` is the
 * topic. Views of the frames stay in what is returned.
 */
export function decodeMessage(frames: readonly Uint8Array[]): Message | ForeignMessage | Refused {
  const [topicFrame, first, second] = frames
  if (topicFrame === undefined || topicFrame.length > maxTopicBytes) return refused('bad-topic')
  const topic = parseTopic(asBuffer(topicFrame).latin1Slice())
  if (topic === null) return refused('bad-topic')
  if (first === undefined) return refused('bad-frames')
  const frame = asBuffer(first)
  if (topic.plane === 'update' && topic.table !== null && !isOurs(frame)) {
    return frames.length === 2 ? decodeForeign(topic.table, frame) : refused('bad-frames')
  }
  const problem = envelopeProblem(frame, 'down')
  if (problem !== null) return refused(problem)
  const kind = kindOfCode[frame[4] as number]
  if (kind === undefined) return refused('unknown-kind')
  if (frames.length !== (kind === 'replay' ? 3 : 2)) return refused('bad-frames')
  const message = kind === 'replay' ? decodeReplay(frame, second) : decodeFrame(frame, kind)
  if (message.kind === 'refused' || travelsOn(topic, message)) return message
  return refused('topic-mismatch')
}

const kindOfCode: (Message['kind'] | undefined)[] = []
for (const [kind, code] of Object.entries(messageKinds)) kindOfCode[code] = kind as Message['kind']

function decodeFrame(
  frame: Buffer,
  kind: Exclude<Message['kind'], 'replay'>,
): Exclude<Message, ReplayMessage> | Refused {
  const reader = new ByteReader(frame, envelopeBytes)
  const publisher = identities.read(reader)
  const message =
    kind === 'batch' ? readBatch(reader, publisher) : readBody(kind, reader, publisher)
  return reader.problem === null ? message : refused(reader.problem)
}

function decodeReplay(frame: Buffer, batchFrame: Uint8Array | undefined): ReplayMessage | Refused {
  const reader = new ByteReader(frame, envelopeBytes)
  const publisher = identities.read(reader)
  const nonce = reader.varint()
  if (reader.problem !== null) return refused(reader.problem)
  const inner = asBuffer(batchFrame as Uint8Array)
  const problem = envelopeProblem(inner, 'down')
  if (problem !== null) return refused(problem)
  if (inner[4] !== messageKinds.batch) return refused('unknown-kind')
  const batch = decodeFrame(inner, 'batch')
  if (batch.kind === 'refused') return batch
  if (batch.publisher.incarnation !== publisher.incarnation) return refused('publisher-mismatch')
  return { kind: 'replay', publisher, nonce, batch: batch as BatchMessage }
}

/** Whether a message belongs on a topic: the right plane, and the very table or publisher. */
function travelsOn(topic: Topic, message: Message): boolean {
  switch (message.kind) {
    case 'batch':
    case 'mark':
      return topic.plane === 'update' && topic.table === message.table
    case 'vector':
      return topic.plane === 'reply'
    case 'heartbeat':
    case 'leaving':
      return topic.plane === 'status' && topic.incarnation === message.publisher.incarnation
    case 'replay':
    case 'refusal': {
      const table = message.kind === 'replay' ? message.batch.table : message.table
      return topic.plane === 'reply' || (topic.plane === 'update' && topic.table === table)
    }
    default:
      return assertNever(message)
  }
}
