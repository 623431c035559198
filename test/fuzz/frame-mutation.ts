import { envelopeBytes, sealEnvelope } from '../../src/wire/frames/envelope.ts'
import { padded } from '../../src/wire/rows/payload.ts'
import { mutateBytes } from './byte-mutation.ts'
import type { Dice } from './dice.ts'
import { frameSpans } from './frame-spans.ts'
import { mutatePayload } from './payload-mutation.ts'
import { mutateSpans } from './span-mutation.ts'

const payloadOf = (frame: Buffer): Buffer => {
  const at = frameSpans(frame).payload?.at ?? 0
  return frame.subarray(Math.min(at, frame.length))
}

/** Puts a payload behind a header again, at a multiple of 8, and says so in the header. */
export function joined(header: Buffer, offsetAt: number, payload: Buffer): Buffer {
  const at = padded(header.length)
  const frame = Buffer.concat([header, Buffer.alloc(at - header.length), payload])
  frame.writeUInt32LE(at, offsetAt)
  return frame
}

function mutateOnce(dice: Dice, frame: Buffer, other: Buffer): Buffer {
  if (dice.chance(0.1)) return mutateBytes(dice, frame, other)
  const { spans, payload, innerAt } = frameSpans(frame)
  if (innerAt !== null && dice.chance(0.8))
    return Buffer.concat([
      frame.subarray(0, innerAt),
      mutateFrame(dice, frame.subarray(innerAt), other),
    ])
  if (payload === null || payload.at > frame.length) return mutateSpans(dice, frame, spans)
  const header = frame.subarray(0, payload.headerEnd)
  const rest = frame.subarray(payload.at)
  if (dice.chance(0.65)) {
    return joined(header, payload.offset.at, mutatePayload(dice, rest, payloadOf(other)))
  }
  const changed = mutateSpans(dice, header, spans)
  // Without, a header of another length would only ever show that its payload is elsewhere.
  return dice.chance(0.85) && changed.length > payload.offset.end
    ? joined(changed, payload.offset.at, rest)
    : Buffer.concat([changed, frame.subarray(payload.headerEnd)])
}

/** One to three changes; most frames get a right checksum again, or nothing behind it would be reached. */
export function mutateFrame(dice: Dice, frame: Buffer, other: Buffer): Buffer {
  let result = frame
  for (let changes = 1 + dice.few(2); changes > 0; changes--) {
    result = mutateOnce(dice, result, other)
  }
  if (result.length < envelopeBytes || dice.chance(0.04)) return result
  const sealed = Buffer.from(result)
  if (dice.chance(0.98)) sealed.set([0x89, 0x54], 0)
  sealEnvelope(sealed)
  return sealed
}
