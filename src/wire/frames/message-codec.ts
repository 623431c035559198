import { assertNever } from '../../base/assertion.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { BatchMessage, Message, ReplayMessage } from '../../model/message.ts'
import { parseTopic } from '../../model/topic.ts'
import type { Topic } from '../../model/topic.ts'
import type { PublisherIdentity } from '../../model/publisher-identity.ts'
import { readBatch } from './batch-codec.ts'
import { asBuffer, ByteReader } from '../bytes/byte-reader.ts'
import { ByteWriter } from '../bytes/byte-writer.ts'
import {
  beginEnvelope,
  envelopeBytes,
  envelopeProblem,
  isOurs,
  messageKinds,
  sealEnvelope,
} from './envelope.ts'
import { IdentityCache, writeNames } from './identity-cache.ts'
import { wireLimits } from '../limits.ts'
import { readBody, writeBody } from './message-bodies.ts'
import { refused } from '../refused.ts'
import type { Refused } from '../refused.ts'

export { encodeBatch } from './batch-codec.ts'

const out = new ByteWriter()
const identities = new IdentityCache()
const maxTopicBytes = 300

/** A replay as its publisher sends it: of its batches no more than the frames are needed. */
type OutgoingReplay = Omit<ReplayMessage, 'batches'> & {
  readonly batches: readonly Pick<BatchMessage, 'frame'>[]
}

/**
 * A message as it leaves, in one piece: libzmq ends the process where a connection breaks between two
 * frames of a message. The topic, then the frame; of a replay that goes on with its batches as they were
 * first sent, each behind its number of bytes. Throws LIMIT_EXCEEDED where a name or the whole is too large.
 */
export function encodeMessage(
  topic: string,
  message: Exclude<Message, BatchMessage | ReplayMessage> | OutgoingReplay,
): Uint8Array {
  beginEnvelope(out, 'down', messageKinds[message.kind], message.publisher.incarnation)
  writeNames(out, message.publisher)
  if (message.kind === 'replay') out.varint(message.nonce)
  else writeBody(out, message)
  const batches = message.kind === 'replay' ? message.batches : none
  let bytes = topic.length + out.length
  for (const { frame } of batches) bytes += lengthBytes + frame.length
  if (bytes > wireLimits.maxFrameBytes) {
    throw new TidingsError(
      'LIMIT_EXCEEDED',
      `a ${message.kind} would have ${bytes} bytes, at most ${wireLimits.maxFrameBytes} are possible`,
    )
  }
  const encoded = Buffer.allocUnsafeSlow(bytes)
  encoded.latin1Write(topic)
  const frame = encoded.subarray(topic.length)
  frame.set(out.view())
  let at = out.length
  for (const batch of batches) {
    frame.writeUInt32LE(batch.frame.length, at)
    frame.set(batch.frame, at + lengthBytes)
    at += lengthBytes + batch.frame.length
  }
  sealEnvelope(frame)
  return encoded
}

const none: readonly Pick<BatchMessage, 'frame'>[] = []

/** Before each batch of a replay: how many bytes it has. */
const lengthBytes = 4

/**
 * Any message to what it says or to a named reason to refuse it, never an exception. It begins with its
 * topic. Views of the bytes stay in what is returned.
 */
export function decodeMessage(bytes: Uint8Array): Message | Refused {
  const whole = asBuffer(bytes)
  const topicEnd = topicBytes(whole)
  if (topicEnd > maxTopicBytes) return refused('bad-topic')
  const topic = topicOf(whole.latin1Slice(0, topicEnd))
  if (topic === null) return refused('bad-topic')
  const frame = whole.subarray(topicEnd)
  const problem = envelopeProblem(frame, 'down')
  if (problem !== null) return refused(problem)
  const kind = kindOfCode[frame[4] as number]
  if (kind === undefined) return refused('unknown-kind')
  const message = kind === 'replay' ? decodeReplay(frame) : decodeFrame(frame, kind)
  if (message.kind === 'refused' || travelsOn(topic, message)) return message
  return refused('topic-mismatch')
}

let lastTopic: { readonly text: string; readonly topic: Topic | null } = { text: '', topic: null }

/** The topic of the message before is nearly always that of the next. */
function topicOf(text: string): Topic | null {
  if (text !== lastTopic.text) lastTopic = { text, topic: parseTopic(text) }
  return lastTopic.topic
}

const slash = 0x2f

/** Bytes of the topic of a message: up to the first `/` where our magic follows, else to the second. */
function topicBytes(message: Buffer): number {
  const plane = message.indexOf(slash) + 1
  if (plane === 0 || isOurs(message, plane)) return plane
  return message.indexOf(slash, plane) + 1
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

function decodeReplay(frame: Buffer): ReplayMessage | Refused {
  const reader = new ByteReader(frame, envelopeBytes)
  const publisher = identities.read(reader)
  const nonce = reader.varint()
  const batches: BatchMessage[] = []
  do {
    const bytes = reader.u32()
    const at = reader.skip(bytes)
    if (reader.problem !== null) return refused(reader.problem)
    if (batches.length === wireLimits.maxReplayBatches) return refused('bad-count')
    const batch = decodeReplayed(frame.subarray(at, at + bytes), publisher)
    if (batch.kind === 'refused') return batch
    batches.push(batch)
  } while (reader.at < frame.length)
  return { kind: 'replay', publisher, nonce, batches }
}

function decodeReplayed(frame: Buffer, publisher: PublisherIdentity): BatchMessage | Refused {
  const problem = envelopeProblem(frame, 'down')
  if (problem !== null) return refused(problem)
  if (frame[4] !== messageKinds.batch) return refused('unknown-kind')
  const batch = decodeFrame(frame, 'batch')
  if (batch.kind === 'refused') return batch
  if (batch.publisher.incarnation !== publisher.incarnation) return refused('publisher-mismatch')
  return batch as BatchMessage
}

/** Whether a message belongs on a topic: the right plane, and the very table or publisher. */
function travelsOn(topic: Topic, message: Message): boolean {
  switch (message.kind) {
    case 'batch':
    case 'mark':
      return topic.plane === 'table' && topic.table === message.table
    case 'vector':
      return topic.plane === 'reply'
    case 'heartbeat':
    case 'leaving':
      return topic.plane === 'status' && topic.incarnation === message.publisher.incarnation
    case 'replay':
    case 'refusal': {
      if (topic.plane !== 'table') return topic.plane === 'reply'
      if (message.kind === 'refusal') return topic.table === message.table
      return message.batches.every(({ table }) => topic.table === table)
    }
    default:
      return assertNever(message)
  }
}
