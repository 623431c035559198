import {
  type ChannelMessage,
  decodeChannelMessage,
  encodeChannelMessage,
} from '../../../src/cluster/links/multicast/channel-message.ts'
import { sealKeyBytes } from '../../../src/cluster/links/multicast/datagram-seal.ts'
import { multicastLimits } from '../../../src/cluster/links/multicast/multicast-limits.ts'
import { MulticastNode } from '../../../src/cluster/links/multicast/multicast-node.ts'
import { Broken } from '../oracle.ts'

/** Milliseconds between two messages: asks, hellos and what is given up come due within a few. */
const stepMs = 150

const source = '10.0.0.2'

export const maxFuzzedBytes = 100_000
export const fuzzedCluster = 7
export const ownSession = '1111111111111111'
export const otherSession = '0102030405060708'

/** A node of the link that knows another one, `b`, and has heard its hello. */
export class FuzzedLink {
  given = 0
  said = 0
  readonly #node: MulticastNode
  #now = 0

  /** `key`: what the other node seals with, and this one, too; null: nobody seals. */
  constructor(key: Buffer | null) {
    this.#node = new MulticastNode(
      {
        session: ownSession,
        cluster: fuzzedCluster,
        datagramBytes: 1_400,
        bytesPerSecond: 1_000_000,
        maxMessageBytes: maxFuzzedBytes,
        limits: multicastLimits,
        newKey: key && (() => key),
        random: () => 0.5,
        now: 0,
      },
      {
        toGroup: () => {},
        toNode: (_, frame) => {
          this.said += frame.length
          if (typeof decodeChannelMessage(frame) === 'string')
            throw new Broken('the other node refuses what it says')
        },
        toProcesses: () => (this.given += 1),
        subscribe: () => {},
        request: (frame) => {
          if ((frame[0] ?? 0) < 2) throw new Broken('a request that is a subscription')
        },
      },
    )
    this.#node.open('b')
    const hello: ChannelMessage = {
      type: 'hello',
      isDeaf: false,
      session: otherSession,
      first: 1,
      sent: 0,
      epoch: key ? 1 : 0,
      key: key ?? Buffer.alloc(sealKeyBytes),
      receiveBuffer: 0,
      interest: 0,
      knows: 0,
      source,
    }
    this.byChannel(encodeChannelMessage(hello))
    this.#node.exported(Buffer.from('table/A/ one'))
    this.turn()
  }

  byGroup(datagram: Buffer): void {
    this.#node.datagram(datagram, source, this.#now)
  }

  byChannel(frame: Buffer): void {
    this.#node.fromNode('b', frame, this.#now)
  }

  turn(): void {
    this.#node.endTurn(this.#now)
    while (this.#node.give());
    this.#now += stepMs
    this.#node.tick(this.#now, 0)
  }

  /** What is missing is given up, and the node goes on. */
  settle(): void {
    for (let left = 30; left > 0; left--) this.turn()
    if (!Number.isFinite(this.#node.dueAt(this.#now))) throw new Broken('nothing is due any more')
  }
}
