import zlib from 'node:zlib'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import { wireVersion } from '../../model/wire-version.ts'
import { wireLimits } from '../limits.ts'
import type { RefusedReason } from '../refused.ts'

/**
 * The envelope, 28 bytes before the body of every frame of ours (little-endian throughout):
 *
 *   0  magic       0x89 'T' and 'D' (down, from a publisher) or 'U' (up, a request)
 *   3  version     2
 *   4  kind
 *   5  flags       see `frameFlags`; a reader ignores unknown ones of the low four and refuses unknown ones of the high four
 *   6  reserved    2 bytes, written as 0, not looked at
 *   8  CRC-32      of bytes 0 to 7 and 12 to the end, or to 4,095 of a longer one
 *  12  id          16 bytes: who sends (incarnation of the publisher or id of the subscriber)
 *
 * 0x89 is neither 0 nor 1 (libzmq takes an upstream message that begins so for a subscription),
 * nor a character that JSON or ASCII text can begin with.
 */
export const envelopeBytes = 28
const crcAt = 8
const idAt = 12

/** Of a batch; the other messages have none. */
export const frameFlags = {
  /** A program that is not ours published it. */
  foreign: 0x01,
  /** It has no rows: its updates will never be had. */
  unpublished: 0x10,
} as const

/** Those that a reader must know: not to know them would be to misread. */
const unknownCriticalFlags = 0xf0 & ~frameFlags.unpublished

type Direction = 'down' | 'up'
const magicByte = 0x89
const magicT = 0x54
const directionBytes = { down: 0x44, up: 0x55 } as const satisfies Record<Direction, number>

export const messageKinds = {
  batch: 1,
  replay: 2,
  refusal: 3,
  mark: 4,
  vector: 5,
  heartbeat: 6,
  leaving: 7,
} as const

export const requestKinds = { sync: 1, replay: 2, confirm: 3 } as const

export function isOurs(frame: Uint8Array, at = 0): boolean {
  return frame.length > at + 1 && frame[at] === magicByte && frame[at + 1] === magicT
}

/** Begins a frame; `sealEnvelope()` completes it when its body stands behind. */
export function beginEnvelope(
  out: ByteWriter,
  direction: Direction,
  kind: number,
  id: string,
  flags = 0,
): void {
  out.reset()
  out.u8(magicByte)
  out.u8(magicT)
  out.u8(directionBytes[direction])
  out.u8(wireVersion)
  out.u32(kind | (flags << 8))
  out.u32(0)
  out.id(id)
}

export function sealEnvelope(frame: Buffer): void {
  frame.writeUInt32LE(checksum(frame), crcAt)
}

/**
 * The CRC-32 that a frame bears. Two frames of one stream hardly ever share it, even where they
 * differ only in what it does not cover: the time of their publishing stands in their headers.
 */
export const frameChecksum = (frame: Uint8Array): number =>
  ((frame[crcAt] as number) |
    ((frame[crcAt + 1] as number) << 8) |
    ((frame[crcAt + 2] as number) << 16) |
    ((frame[crcAt + 3] as number) << 24)) >>>
  0

/** null when the envelope is in order and the bytes under its checksum are whole. */
export function envelopeProblem(
  frame: Buffer,
  direction: Direction,
  maxBytes: number = wireLimits.maxFrameBytes,
): RefusedReason | null {
  if (frame.length > maxBytes) return 'too-large'
  if (!isOurs(frame)) return frame.length < 2 ? 'too-short' : 'bad-magic'
  if (frame.length < envelopeBytes) return 'too-short'
  if (frame[2] !== directionBytes[direction]) return 'bad-magic'
  if (frame[3] !== wireVersion) return 'unknown-version'
  if (frame.readUInt32LE(crcAt) !== checksum(frame)) return 'bad-crc'
  return ((frame[5] as number) & unknownCriticalFlags) === 0 ? null : 'unknown-flags'
}

function checksum(frame: Buffer): number {
  return zlib.crc32(frame.subarray(idAt, wireLimits.checksumBytes), headChecksum(frame))
}

let [headLow, headHigh, headSum] = [0, 0, zlib.crc32(Buffer.alloc(crcAt))]

/** Of the bytes before the checksum: nearly always the same as those of the frame before. */
function headChecksum(frame: Buffer): number {
  const [low, high] = [frame.readUInt32LE(0), frame.readUInt32LE(4)]
  if (low !== headLow || high !== headHigh) {
    headSum = zlib.crc32(frame.subarray(0, crcAt))
    headLow = low
    headHigh = high
  }
  return headSum
}
