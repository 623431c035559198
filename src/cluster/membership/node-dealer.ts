import { Dealer } from 'zeromq'
import { inBackground } from '../../base/background.ts'
import type { Clock } from '../../base/clock.ts'
import type { TidingsError } from '../../base/tidings-error.ts'
import { ConnectionMonitor } from '../../sockets/connection-monitor.ts'
import { KeyChoice } from '../../sockets/keys/key-choice.ts'
import type { Keys } from '../../sockets/keys/keys.ts'
import type { Refusal } from '../../sockets/keys/refusal.ts'
import { farApart, sendingDealer } from '../../sockets/socket-options.ts'
import { disconnectSocket } from '../../sockets/uninterrupted.ts'
import { zreIdentity } from './zre-codec.ts'

interface NodeDealerOptions {
  readonly endpoint: string
  /** This life of GENESIS_CLUSTER: the other node knows by it who speaks. */
  readonly uuid: string
  /** Its answers take their time. */
  readonly isFar: boolean
  /** Messages that wait, and bytes of one; left out: those of membership. */
  readonly limits?: { readonly sendHighWaterMark: number; readonly maxMessageSize: number }
  readonly clock: Clock
  /** What it connects with; null: there are none. */
  readonly keys: Keys | null
  /** The connection stands (again) and takes what is sent; its handshake took so many milliseconds. */
  readonly connected: (tookMs: number) => void
  readonly disconnected?: () => void
  /** The node is there and does not let us in; told again with each attempt. */
  readonly refused: (endpoint: string, refusal: Refusal) => void
  /** libzmq tries no more: `renew()` goes on. */
  readonly dead: () => void
  readonly warning: (error: TidingsError) => void
  /** It does not hear of its connection any more. */
  readonly failed: (error: TidingsError) => void
}

/** So long after its connection stands the socket is looked at again, where it takes nothing yet. */
const takesSoonMs = 1

/** A DEALER that speaks to one other node; its routing id says who we are, and nothing comes back on it. */
export class NodeDealer {
  readonly endpoint: string
  readonly #dealer: Dealer
  readonly #monitor: ConnectionMonitor
  readonly #options: Pick<NodeDealerOptions, 'clock' | 'connected'>

  constructor(options: NodeDealerOptions) {
    const { endpoint, uuid, isFar, limits, clock, keys } = options
    const { disconnected, refused, dead, warning, failed } = options
    this.endpoint = endpoint
    this.#options = options
    this.#dealer = new Dealer({ ...farApart(sendingDealer(isFar)), ...limits })
    // The type of zeromq.js asks for text; a ZRE routing id is 17 octets of any value.
    ;(this.#dealer as { routingId: unknown }).routingId = zreIdentity(uuid)
    const watch = {
      connected: (_: string, __: boolean, tookMs: number) => this.#announce(tookMs),
      ...(disconnected && { disconnected }),
      refused,
      dead,
      failed,
    }
    this.#monitor = new ConnectionMonitor(this.#dealer, clock, watch, KeyChoice.of(keys))
    this.#monitor.connect(endpoint)
    inBackground(this.#drain(), warning)
  }

  get isConnected(): boolean {
    return this.#monitor.connections() > 0
  }

  /** Why who is there does not let us in; null: it does, or nobody is there. */
  get refusal(): Refusal | null {
    return this.#monitor.refusalOf(this.endpoint)
  }

  /** Rejects where there is no connection, or too much waits. */
  send(frames: Uint8Array | Uint8Array[]): Promise<void> {
    return this.#dealer.send(frames)
  }

  /** Makes the connection anew. */
  renew(): void {
    if (this.#dealer.closed) return
    disconnectSocket(this.#dealer, this.endpoint)
    this.#monitor.connect(this.endpoint)
  }

  close(): void {
    this.#monitor.close()
    this.#dealer.close()
  }

  /** libzmq tells of a connection an instant before it takes messages for it: what is said first would be dropped. */
  #announce(tookMs: number): void {
    if (this.#dealer.closed || !this.isConnected) return
    if (this.#dealer.writable) this.#options.connected(tookMs)
    else this.#options.clock.after(takesSoonMs, () => this.#announce(tookMs))
  }

  async #drain(): Promise<void> {
    for await (const _ of this.#dealer) if (this.#dealer.closed) return
  }
}
