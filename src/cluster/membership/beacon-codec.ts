/**
 * The beacon of ZRE (RFC 36): a datagram of 22 octets that says where a node's ROUTER is.
 *
 *   beacon = "ZRE" %x01 uuid port
 *   uuid   = 16 octets
 *   port   = 2 octets, in network byte order; 0: the node leaves
 */

const head = Buffer.from([0x5a, 0x52, 0x45, 0x01])

export const beaconBytes = head.length + 16 + 2

export interface Beacon {
  /** In hexadecimal. */
  readonly uuid: string
  /** 0: it leaves. */
  readonly port: number
}

export function encodeBeacon({ uuid, port }: Beacon): Buffer {
  const number = Buffer.alloc(2)
  number.writeUInt16BE(port)
  return Buffer.concat([head, Buffer.from(uuid, 'hex'), number])
}

/** Any bytes give a beacon or null. */
export function decodeBeacon(bytes: Buffer): Beacon | null {
  if (bytes.length !== beaconBytes || !bytes.subarray(0, head.length).equals(head)) return null
  return {
    uuid: bytes.toString('hex', head.length, head.length + 16),
    port: bytes.readUInt16BE(20),
  }
}
