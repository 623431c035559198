import { Dealer } from 'zeromq'
import { inBackground } from '../../../base/background.ts'
import type { Clock } from '../../../base/clock.ts'
import { ConnectionMonitor } from '../../../sockets/connection-monitor.ts'
import { farApart, sendingDealer } from '../../../sockets/socket-options.ts'
import { connectSocket, disconnectSocket } from '../../../sockets/uninterrupted.ts'
import { zreIdentity } from '../../membership/zre-codec.ts'
import { LinkAge } from '../link-age.ts'

interface DealerOptions {
  readonly endpoint: string
  /** This life of GENESIS_CLUSTER: the other node knows by it who speaks. */
  readonly uuid: string
  readonly highWaterMark: number
  readonly maxMessageBytes: number
  readonly clock: Clock
  /** The connection stands (again). */
  readonly connected: () => void
  readonly failed: (error: Error) => void
}

/** What this node says to one other one: nothing comes back on it. */
export class ChannelDealer {
  readonly #options: DealerOptions
  readonly #dealer: Dealer
  readonly #monitor: ConnectionMonitor
  #age: LinkAge
  #unsent = 0

  constructor(options: DealerOptions) {
    const { clock, endpoint, failed, highWaterMark, maxMessageBytes } = options
    this.#options = options
    this.#dealer = new Dealer({
      ...farApart(sendingDealer()),
      sendHighWaterMark: highWaterMark,
      maxMessageSize: maxMessageBytes,
    })
    // The type of zeromq.js asks for text; a ZRE routing id is 17 octets of any value.
    ;(this.#dealer as { routingId: unknown }).routingId = zreIdentity(options.uuid)
    this.#age = new LinkAge(clock.now())
    this.#monitor = new ConnectionMonitor(this.#dealer, clock, {
      connected: () => this.#connected(),
      dead: () => this.renew(),
      failed,
    })
    this.#monitor.expect(endpoint)
    connectSocket(this.#dealer, endpoint)
    inBackground(this.#drain(), failed)
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

  /** Makes the connection anew. */
  renew(): void {
    if (this.#dealer.closed) return
    const { clock, endpoint } = this.#options
    this.#age = new LinkAge(clock.now())
    this.#monitor.expect(endpoint)
    disconnectSocket(this.#dealer, endpoint)
    connectSocket(this.#dealer, endpoint)
  }

  close(): void {
    this.#monitor.close()
    this.#dealer.close()
  }

  #connected(): void {
    this.#age.connected(this.#options.clock.now())
    this.#options.connected()
  }

  async #drain(): Promise<void> {
    for await (const _ of this.#dealer) if (this.#dealer.closed) return
  }
}
