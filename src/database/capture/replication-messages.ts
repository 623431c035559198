import { malformed } from './message-reader.ts'

/** What the server says in a replication stream. Positions are those of the write-ahead log. */
export type ServerMessage =
  | {
      readonly type: 'data'
      /** One message of pgoutput. */
      readonly payload: Buffer
    }
  | {
      readonly type: 'keepalive'
      /** All that was written before it is decoded, and what there was of ours is sent. */
      readonly position: bigint
      /** The server ends the connection where nothing is said to it in time. */
      readonly wantsAnswer: boolean
    }

/** A letter, the position of the data, the end of the log, the time. */
const dataHeader = 1 + 8 + 8 + 8
/** A letter, a position, the time, a flag. */
const keepaliveLength = 1 + 8 + 8 + 1

/**
 * Reads one CopyData of a replication stream: "Streaming Replication Protocol" in the manual of PostgreSQL. Throws
 * DATABASE_FAILED where it is none.
 */
export function readServerMessage(bytes: Buffer): ServerMessage {
  const letter = String.fromCharCode(bytes[0] ?? 0)
  if (letter === 'w' && bytes.length >= dataHeader)
    return { type: 'data', payload: bytes.subarray(dataHeader) }
  if (letter === 'k' && bytes.length === keepaliveLength)
    return {
      type: 'keepalive',
      position: bytes.readBigUInt64BE(1),
      wantsAnswer: bytes[keepaliveLength - 1] === 1,
    }
  throw malformed(`a message ${JSON.stringify(letter)} of ${bytes.length} bytes in the stream`)
}

/** 2000-01-01, from where PostgreSQL counts, in microseconds since 1970. */
const epochUs = 946_684_800_000_000n

/** What a status update confirms where it confirms nothing: the server lets the slot as it is. */
export const nothingConfirmed = 0n

/**
 * "Standby status update": all before `received` has come, all before `confirmed` need never be sent again. With
 * `asks` the server answers with a keepalive.
 */
export function standbyStatus(
  received: bigint,
  confirmed: bigint,
  wallClockMs: number,
  asks: boolean,
): Buffer {
  const bytes = Buffer.alloc(1 + 8 + 8 + 8 + 8 + 1)
  bytes.write('r', 0, 'latin1')
  bytes.writeBigUInt64BE(received, 1)
  bytes.writeBigUInt64BE(confirmed, 9)
  bytes.writeBigUInt64BE(confirmed, 17)
  bytes.writeBigInt64BE(BigInt(Math.trunc(wallClockMs)) * 1000n - epochUs, 25)
  bytes.writeUInt8(asks ? 1 : 0, 33)
  return bytes
}
