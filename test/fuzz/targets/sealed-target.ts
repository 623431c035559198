import { createSecretKey } from 'node:crypto'
import {
  datagramHeaderBytes,
  decodeDatagram,
} from '../../../src/cluster/links/multicast/datagram.ts'
import {
  openDatagram,
  sealDatagram,
  sealKeyBytes,
} from '../../../src/cluster/links/multicast/datagram-seal.ts'
import { DatagramWriter } from '../../../src/cluster/links/multicast/datagram-writer.ts'
import type { Dice } from '../dice.ts'
import { Broken } from '../oracle.ts'
import type { Target } from '../target.ts'
import { mutateOne, mutateSequence } from '../target.ts'
import { FuzzedLink, fuzzedCluster, otherSession } from './fuzzed-link.ts'
import { changedDatagram } from './multicast-targets.ts'

/** None of the inputs has it: whoever made them does not know it. */
const key = Buffer.alloc(sealKeyBytes, 0x5a)
const sealer = createSecretKey(key)

/** How a datagram comes: as it is, which nobody has sealed; sealed; or sealed, with a bit of it changed on the way. */
const ways = ['forged', 'sealed', 'flipped'] as const
const wayOf = (frame: Buffer | undefined) => ways[(frame?.[0] ?? 0) % ways.length] ?? 'forged'

/** Datagrams of one sender that says it seals, before they are sealed. */
function open(dice: Dice): Buffer[] {
  const sealing = { epoch: 1, seal: (datagram: Buffer) => Buffer.from(datagram) }
  const options = { session: otherSession, cluster: fuzzedCluster, datagramBytes: 600, sealing }
  const writer = new DatagramWriter(options)
  for (let count = 1 + dice.few(4); count > 0; count--) {
    if (dice.chance(0.1)) writer.idle()
    else writer.message(dice.bytes(1 + dice.few(1_200)))
    if (dice.chance(0.4)) writer.close()
  }
  writer.close()
  return writer.take().map(({ bytes }) => bytes)
}

/** A bit that its bytes themselves choose. */
function flipped(sealed: Buffer): Buffer {
  const changed = Buffer.from(sealed)
  const bit = sealed.reduce((sum, byte) => sum * 31 + byte, 7) % (8 * sealed.length)
  changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
  return changed
}

/** A node that takes sealed datagrams alone, and what comes of the group: nothing is given that was not sealed as it came. */
export const sealedTarget: Target = {
  name: 'sealed',
  weight: 1,
  valid: (dice) => open(dice).flatMap((bytes) => [Buffer.of(dice.below(ways.length)), bytes]),
  mutate: (dice, input, other) =>
    mutateSequence(dice, input, other, 2, (dice, [way, frame], from) => [
      way ?? Buffer.of(0),
      ...mutateOne(dice, [frame ?? Buffer.alloc(0)], from.slice(1, 2), changedDatagram),
    ]),
  run(input) {
    const link = new FuzzedLink(key)
    let areSealed = 0
    for (let at = 0; at + 1 < input.length; at += 2) {
      const [head, frame] = input.slice(at, at + 2) as [Buffer, Buffer]
      const way = wayOf(head)
      const isWhole = frame.length >= datagramHeaderBytes
      const sealed = isWhole && way !== 'forged' ? sealDatagram(sealer, frame) : frame
      if (isWhole && way === 'sealed') areSealed += 1
      if (isWhole && way === 'sealed' && !openDatagram(sealer, sealed)?.equals(frame.subarray(28)))
        throw new Broken('what was sealed does not open')
      link.byGroup(isWhole && way === 'flipped' ? flipped(sealed) : sealed)
      link.turn()
    }
    link.settle()
    if (link.given > 0 && areSealed === 0) throw new Broken('what nobody has sealed was given')
    const isRead = input.some((frame) => typeof decodeDatagram(frame) !== 'string')
    return `${link.given > 0 ? 'gives' : 'gives nothing'}, ${isRead ? 'of datagrams' : 'of bytes'}`
  },
}
