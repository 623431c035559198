import {
  Peers,
  readHeaders,
  whisperVersion,
  writeHeaders,
} from '../../../src/cluster/membership/peers.ts'
import { decodeZre, encodeZre, zreUuid } from '../../../src/cluster/membership/zre-codec.ts'
import type { ZreMessage } from '../../../src/cluster/membership/zre-codec.ts'
import { mutateBytes } from '../byte-mutation.ts'
import type { Dice } from '../dice.ts'
import { hostileNames } from '../names.ts'
import { Broken, expectSame } from '../oracle.ts'
import { largest, mutateSpans } from '../span-mutation.ts'
import { SpanWalk } from '../spans.ts'
import type { Target } from '../target.ts'
import { mutateOne } from '../target.ts'

function zreMessage(dice: Dice): ZreMessage {
  const sequence = dice.below(65_536)
  const group = dice.pick(['TIDINGS', ...hostileNames])
  const headers = writeHeaders({
    node: dice.chance(0.8) ? 'b' : dice.pick(['a', 'unknown', ...hostileNames]),
    inbound: 5000,
    outbound: 5001,
    relay: 6002,
    wire: dice.chance(0.8) ? whisperVersion : dice.below(4),
    mode: 'mesh',
    history: 'h',
    cluster: dice.chance(0.8) ? '' : 'other',
    link: dice.pick(['', 'relay', 'multicast'] as const),
  })
  if (dice.chance(0.3)) headers.set(dice.pick(hostileNames), 'x'.repeat(dice.few(300)))
  const hello = {
    type: 'hello',
    sequence,
    endpoint: 'tcp://127.0.0.1:6000',
    groups: dice.many(dice.few(3), () => dice.pick(hostileNames)),
    status: dice.below(256),
    name: dice.pick(hostileNames),
    headers,
  } as const
  const others = [
    { type: 'whisper', sequence },
    { type: 'shout', sequence, group },
    { type: 'join', sequence, group, status: 1 },
    { type: 'leave', sequence, group, status: 2 },
    { type: 'ping', sequence },
    { type: 'ping-ok', sequence },
  ] as const
  return dice.chance(0.6) ? hello : dice.pick(others)
}

function spansOf(frame: Buffer) {
  const walk = new SpanWalk(frame, 0, frame.length, true)
  const short = () => walk.raw(walk.fixed('u8', true))
  const long = () => walk.raw(walk.fixed('u32', true))
  walk.fixed('u16')
  const type = walk.fixed('u8')
  walk.fixed('u8')
  walk.fixed('u16')
  if (type >= 3 && type <= 5) short()
  if (type === 4 || type === 5) walk.fixed('u8')
  if (type !== 1) return walk.spans
  short()
  walk.times(walk.fixed('u32', true), long)
  walk.fixed('u8')
  short()
  walk.times(walk.fixed('u32', true), () => {
    short()
    long()
  })
  return walk.spans
}

/** What nodes say to each other, and the headers by which a node is let in. */
export const zreTarget: Target = {
  name: 'zre',
  weight: 12,
  valid: (dice) => [Buffer.from(encodeZre(zreMessage(dice)))],
  mutate: (dice, input, other) =>
    mutateOne(dice, input, other, (dice, frame, from) =>
      dice.chance(0.2)
        ? mutateBytes(dice, frame, from)
        : mutateSpans(dice, frame, spansOf(frame), true),
    ),
  run([frame = Buffer.alloc(0)]) {
    zreUuid(frame.subarray(0, 17))
    const message = decodeZre(frame)
    if (message === null) return 'refused'
    if (message.type !== 'hello') {
      if ('group' in message && message.group.includes('\ufffd')) return message.type
      expectSame(decodeZre(encodeZre(message)), message, 'encoded again it differs')
      return message.type
    }
    const headers = readHeaders(message.headers)
    const peers = new Peers('a', 'own', '', (name) =>
      name === 'b' || name === 'c' ? null : 'not listed',
    )
    const { type } = peers.hello('uuid', message, null)
    const node = peers.nodeOf('uuid')
    if (type === 'accepted' && node !== 'b' && node !== 'c') throw new Broken(`${node} was let in`)
    return headers === null ? 'hello of a stranger' : `hello ${type}`
  },
  *bombs([frame = Buffer.alloc(0)]) {
    for (const span of spansOf(frame)) {
      if (span.isCount)
        yield [Buffer.concat([frame.subarray(0, span.at), largest(span), frame.subarray(span.end)])]
    }
  },
}
