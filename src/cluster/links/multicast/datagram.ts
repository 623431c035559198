import { asBuffer } from '../../../wire/bytes/byte-reader.ts'
import type { RefusedReason } from '../../../wire/refused.ts'

/** Bytes before the records of a datagram. */
export const datagramHeaderBytes = 28

export type DatagramKind = 'data' | 'probe'

/** What every datagram of the group begins with. */
export interface DatagramHeader {
  readonly kind: DatagramKind
  /** The records are sealed, with the key of this epoch; 0: they are not. */
  readonly epoch: number
  /** Which cluster it belongs to: others may use the same group. */
  readonly cluster: number
  /** One life of the sending link: 16 hexadecimal digits. */
  readonly session: string
  /** From 1, without holes. */
  readonly sequence: number
}

export interface Datagram extends DatagramHeader {
  readonly records: Buffer
}

const magic = 0x5489 // 89 54
const direction = 0x47 // G
const version = 1
const kinds: readonly (DatagramKind | undefined)[] = [undefined, 'data', 'probe']
const sealedFlag = 0x01
const mustBeKnown = 0xf0
const twoTo32 = 2 ** 32

/** Writes the first 28 bytes of `into`. */
export function writeDatagramHeader(into: Buffer, header: DatagramHeader): void {
  into.writeUInt16LE(magic, 0)
  into[2] = direction
  into[3] = version
  into[4] = kinds.indexOf(header.kind)
  into[5] = header.epoch === 0 ? 0 : sealedFlag
  into.writeUInt16LE(header.epoch, 6)
  into.writeUInt32LE(header.cluster, 8)
  into.hexWrite(header.session, 12)
  into.writeUInt32LE(header.sequence % twoTo32, 20)
  into.writeUInt32LE(Math.floor(header.sequence / twoTo32), 24)
}

/** Any bytes give a datagram, or why it is none. The records are a view of `bytes`. */
export function decodeDatagram(bytes: Uint8Array): Datagram | RefusedReason {
  const buffer = asBuffer(bytes)
  if (buffer.length < datagramHeaderBytes) return 'too-short'
  if (buffer.readUInt16LE(0) !== magic || buffer[2] !== direction) return 'bad-magic'
  if (buffer[3] !== version) return 'unknown-version'
  const kind = kinds[buffer[4] as number]
  if (kind === undefined) return 'unknown-kind'
  const flags = buffer[5] as number
  if ((flags & mustBeKnown) !== 0) return 'unknown-flags'
  const epoch = buffer.readUInt16LE(6)
  if ((epoch !== 0) !== ((flags & sealedFlag) !== 0)) return 'bad-number'
  const sequence = buffer.readUInt32LE(20) + buffer.readUInt32LE(24) * twoTo32
  if (sequence < 1 || !Number.isSafeInteger(sequence)) return 'bad-number'
  return {
    kind,
    epoch,
    cluster: buffer.readUInt32LE(8),
    session: buffer.hexSlice(12, 20),
    sequence,
    records: buffer.subarray(datagramHeaderBytes),
  }
}
