import type { Clock } from '../../../base/clock.ts'
import type { LinkSnapshot } from '../../../model/link-snapshot.ts'
import type { Keys } from '../../../sockets/keys/keys.ts'
import type { Refusal } from '../../../sockets/keys/refusal.ts'
import { NodeDealer } from '../../membership/node-dealer.ts'
import { LinkAge } from '../link-age.ts'

interface DealerOptions {
  readonly endpoint: string
  /** This life of GENESIS_CLUSTER: the other node knows by it who speaks. */
  readonly uuid: string
  readonly highWaterMark: number
  readonly maxMessageBytes: number
  readonly clock: Clock
  /** What it connects with; null: there are none. */
  readonly keys: Keys | null
  /** The connection stands (again). */
  readonly connected: () => void
  readonly refused: (endpoint: string, refusal: Refusal) => void
  readonly failed: (error: Error) => void
}

/** What this node says to one other one: nothing comes back on it. */
export class ChannelDealer {
  readonly #options: DealerOptions
  readonly #dealer: NodeDealer
  #age: LinkAge
  #unsent = 0

  constructor(options: DealerOptions) {
    const { endpoint, uuid, clock, keys, refused, failed } = options
    const { highWaterMark: sendHighWaterMark, maxMessageBytes: maxMessageSize } = options
    this.#options = options
    this.#age = new LinkAge(clock.now())
    this.#dealer = new NodeDealer({
      endpoint,
      uuid,
      // Who is asked for much reads nothing for a while, and so answers no heartbeat.
      isFar: true,
      limits: { sendHighWaterMark, maxMessageSize },
      clock,
      keys,
      connected: () => {
        this.#age.connected(clock.now())
        options.connected()
      },
      disconnected: () => this.#age.disconnected(clock.now()),
      refused,
      dead: () => this.renew(),
      warning: failed,
      failed,
    })
  }

  /** Messages that were dropped: there was no connection, or too much waited. */
  get unsent(): number {
    return this.#unsent
  }

  send(frame: Buffer): void {
    this.#dealer.send(frame).catch(() => this.#unsent++)
  }

  mayRenew(now: number): boolean {
    return this.#age.mayRenew(now)
  }

  condition(now: number): Pick<LinkSnapshot, 'state' | 'forMs'> {
    return this.#age.condition(now)
  }

  /** Makes the connection anew. */
  renew(): void {
    this.#age = new LinkAge(this.#options.clock.now())
    this.#dealer.renew()
  }

  close(): void {
    this.#dealer.close()
  }
}
