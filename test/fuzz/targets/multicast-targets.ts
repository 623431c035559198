import type { ChannelMessage } from '../../../src/cluster/links/multicast/channel-message.ts'
import {
  decodeChannelMessage,
  encodeChannelMessage,
} from '../../../src/cluster/links/multicast/channel-message.ts'
import {
  decodeDatagram,
  writeDatagramHeader,
} from '../../../src/cluster/links/multicast/datagram.ts'
import { DatagramWriter } from '../../../src/cluster/links/multicast/datagram-writer.ts'
import { MessageAssembly } from '../../../src/cluster/links/multicast/message-assembly.ts'
import { decodeRecords } from '../../../src/cluster/links/multicast/records.ts'
import { mutateBytes } from '../byte-mutation.ts'
import type { Dice } from '../dice.ts'
import { hostileNames } from '../names.ts'
import { Broken, expectSame } from '../oracle.ts'
import { largest, mutateSpans } from '../span-mutation.ts'
import type { Span } from '../spans.ts'
import { SpanWalk } from '../spans.ts'
import type { Input, Target } from '../target.ts'
import { mutateOne, mutateSequence } from '../target.ts'
import {
  FuzzedLink,
  fuzzedCluster,
  maxFuzzedBytes,
  otherSession,
  ownSession,
} from './fuzzed-link.ts'

/** Datagrams of one sender, one after the other. */
function datagrams(dice: Dice): Buffer[] {
  const datagramBytes = dice.pick([576, 1_400])
  const options = { session: otherSession, cluster: fuzzedCluster, datagramBytes, sealing: null }
  const writer = new DatagramWriter(options)
  for (let count = 1 + dice.few(4); count > 0; count--) {
    if (dice.chance(0.1)) writer.idle()
    else writer.message(dice.bytes(1 + dice.few(3 * datagramBytes)))
    if (dice.chance(0.4)) writer.close()
  }
  writer.close()
  return writer.take().map(({ bytes }) => Buffer.from(bytes))
}

function datagramSpans(bytes: Buffer): Span[] {
  const walk = new SpanWalk(bytes, 0)
  walk.fixed('u16')
  for (let left = 4; left > 0; left--) walk.fixed('u8')
  walk.fixed('u16')
  walk.fixed('u32')
  walk.raw(8)
  walk.fixed('u32')
  walk.fixed('u32')
  while (walk.at < bytes.length && !walk.failed) {
    const kind = walk.fixed('u8')
    const size = walk.fixed('u16', true)
    if (kind === 1) walk.fixed('u32', true)
    walk.raw(size)
  }
  return walk.spans
}

const changed =
  (spansOf: (bytes: Buffer) => Span[]) =>
  (dice: Dice, bytes: Buffer, other: Buffer): Buffer =>
    dice.chance(0.2) ? mutateBytes(dice, bytes, other) : mutateSpans(dice, bytes, spansOf(bytes))

export const changedDatagram = changed(datagramSpans)

/** The input with each count of it at its greatest. */
function* bombsOf(input: Input, spansOf: (bytes: Buffer) => Span[]): Generator<Input> {
  const [bytes = Buffer.alloc(0)] = input
  for (const span of spansOf(bytes))
    if (span.isCount)
      yield [Buffer.concat([bytes.subarray(0, span.at), largest(span), bytes.subarray(span.end)])]
}

/** A datagram, and the messages in it. */
export const datagramTarget: Target = {
  name: 'datagram',
  weight: 6,
  valid: (dice) => [dice.pick(datagrams(dice))],
  mutate: (dice, input, other) => mutateOne(dice, input, other, changedDatagram),
  run([bytes = Buffer.alloc(0)]) {
    const datagram = decodeDatagram(bytes)
    if (typeof datagram === 'string') return 'refused'
    const header = Buffer.alloc(28)
    writeDatagramHeader(header, datagram)
    const again = decodeDatagram(Buffer.concat([header, datagram.records]))
    expectSame(again, datagram, 'encoded again it differs')
    const records = decodeRecords(datagram.records)
    if (records === null) return 'no records'
    const assembly = new MessageAssembly(maxFuzzedBytes)
    const messages = records.flatMap((record) => assembly.take(record) ?? [])
    const given = messages.reduce((sum, { length }) => sum + length, 0)
    if (given > datagram.records.length) throw new Broken('more came out than went in')
    return messages.length > 0 ? 'messages' : 'pieces'
  },
  bombs: (input) => bombsOf(input, datagramSpans),
}

function channelMessage(dice: Dice): ChannelMessage {
  const frames = (): Buffer[] => dice.many(dice.few(4), () => dice.bytes(dice.few(60)))
  const number = (): number => dice.pick([0, 1, 2, 5, 1_000, 2 ** 33, Number.MAX_SAFE_INTEGER])
  const latin1 = (text: string): string => Buffer.from(text).toString('latin1')
  const prefix = (): string => latin1(dice.pick(['table/A/', 'reply/', '', ...hostileNames]))
  const all: readonly (() => ChannelMessage)[] = [
    () => ({
      type: 'hello',
      isDeaf: dice.chance(0.5),
      session: otherSession,
      first: number(),
      sent: number(),
      epoch: dice.pick([0, 1, 65_535]),
      key: dice.bytes(32),
      receiveBuffer: dice.pick([0, 1, 425_984]),
      interest: dice.below(4),
      knows: dice.below(4),
      source: dice.pick(['', '10.0.0.2', 'ff02::1']),
    }),
    () => ({
      type: 'interest',
      since: dice.below(3),
      version: dice.below(4),
      changes: dice.many(dice.few(5), () => ({ prefix: prefix(), isAdded: dice.chance(0.7) })),
    }),
    () => ({ type: 'requests', frames: frames() }),
    () => ({
      type: 'ask',
      session: dice.pick([ownSession, otherSession]),
      ranges: dice.many(dice.few(5), () => ({ from: number(), count: dice.below(2 ** 32) })),
    }),
    () => ({ type: 'datagrams', frames: datagrams(dice) }),
    () => ({
      type: 'messages',
      messages: frames().map((bytes) => ({ after: number(), bytes })),
    }),
  ]
  return dice.pick(all)()
}

function channelSpans(bytes: Buffer): Span[] {
  const walk = new SpanWalk(bytes, 0)
  const number = (): void => {
    walk.fixed('u32')
    walk.fixed('u32')
  }
  walk.fixed('u16')
  walk.fixed('u8')
  walk.fixed('u8')
  const type = walk.fixed('u8')
  if (type === 1) {
    walk.fixed('u8')
    walk.raw(8)
    number()
    number()
    walk.fixed('u16')
    walk.raw(32)
    for (let left = 3; left > 0; left--) walk.fixed('u32')
    walk.raw(walk.fixed('u8', true))
  } else if (type === 2) {
    number()
    walk.times(walk.fixed('u32', true), () => {
      walk.fixed('u8')
      walk.raw(walk.fixed('u16', true))
    })
  } else if (type === 4) {
    walk.raw(8)
    walk.times(walk.fixed('u32', true), () => {
      number()
      walk.fixed('u32', true)
    })
  } else
    walk.times(walk.fixed('u32', true), () => {
      if (type === 6) number()
      walk.raw(walk.fixed('u32', true))
    })
  return walk.spans
}

/** What nodes say to each other on the channel. */
export const channelTarget: Target = {
  name: 'channel',
  weight: 6,
  valid: (dice) => [encodeChannelMessage(channelMessage(dice))],
  mutate: (dice, input, other) => mutateOne(dice, input, other, changed(channelSpans)),
  run([bytes = Buffer.alloc(0)]) {
    const message = decodeChannelMessage(bytes)
    if (typeof message === 'string') return 'refused'
    expectSame(
      decodeChannelMessage(encodeChannelMessage(message)),
      message,
      'encoded again it differs',
    )
    return message.type
  },
  bombs: (input) => bombsOf(input, channelSpans),
}

/** Both ways of a frame to the node: by the group, or by the channel. */
const byGroup = Buffer.of(0)
const byChannel = Buffer.of(1)

/** A node of the link that knows another one, and what comes of that one by the group and by the channel. */
export const multicastTarget: Target = {
  name: 'multicast',
  weight: 1,
  valid: (dice) =>
    dice
      .many(1 + dice.few(4), () =>
        dice.chance(0.5)
          ? datagrams(dice).flatMap((bytes) => [byGroup, bytes])
          : [byChannel, encodeChannelMessage(channelMessage(dice))],
      )
      .flat(),
  mutate: (dice, input, other) =>
    mutateSequence(dice, input, other, 2, (dice, [way, frame], from) => [
      way ?? byGroup,
      ...mutateOne(
        dice,
        [frame ?? Buffer.alloc(0)],
        from.slice(1, 2),
        way?.equals(byChannel) ? changed(channelSpans) : changedDatagram,
      ),
    ]),
  run(input) {
    const link = new FuzzedLink(null)
    for (let at = 0; at + 1 < input.length; at += 2) {
      const [way, frame] = input.slice(at, at + 2) as [Buffer, Buffer]
      if (way.equals(byChannel)) link.byChannel(frame)
      else link.byGroup(frame)
      link.turn()
    }
    link.settle()
    const { given, said } = link
    return `${given > 0 ? 'gives' : 'gives nothing'}, ${said > 10_000 ? 'says much' : 'says little'}`
  },
}
