import type { Dealer } from 'zeromq'
import { Dealer as DealerSocket } from 'zeromq'
import { inBackground } from '../../base/background.ts'
import type { Clock } from '../../base/clock.ts'
import type { TidingsError } from '../../base/tidings-error.ts'
import { ConnectionMonitor } from '../../sockets/connection-monitor.ts'
import { KeyChoice } from '../../sockets/keys/key-choice.ts'
import type { Keys } from '../../sockets/keys/keys.ts'
import type { Refusal } from '../../sockets/keys/refusal.ts'
import { farApart, sendingDealer, socketLimits } from '../../sockets/socket-options.ts'
import { disconnectSocket } from '../../sockets/uninterrupted.ts'
import type { ZreMessage } from './zre-codec.ts'
import { encodeZre, zreIdentity } from './zre-codec.ts'

interface OpenContact {
  readonly dealer: Dealer
  readonly monitor: ConnectionMonitor
  readonly endpoint: string
  sequence: number
}

interface ContactsOptions {
  readonly uuid: string
  readonly clock: Clock
  /** What the connections are made with; null: there are none. */
  readonly keys: Keys | null
  /** The connection there stands, or stands no more. */
  readonly connection: (id: string, isOpen: boolean) => void
  /** Who is there does not let us in; told again with each attempt. */
  readonly refused: (id: string, endpoint: string, refusal: Refusal) => void
  readonly warning: (message: string) => void
  readonly failed: (error: TidingsError) => void
}

export type WithoutSequence<M> = M extends ZreMessage ? Omit<M, 'sequence'> : never

/** Our DEALERs, one for each place where another node is to be; the routing id of each says who we are. */
export class Contacts {
  readonly #options: ContactsOptions
  readonly #open = new Map<string, OpenContact>()
  #closed = false

  constructor(options: ContactsOptions) {
    this.#options = options
  }

  get ids(): string[] {
    return [...this.#open.keys()]
  }

  has(id: string): boolean {
    return this.#open.has(id)
  }

  /** The place with that endpoint; null: none. */
  idAt(endpoint: string): string | null {
    return [...this.#open].find(([, open]) => open.endpoint === endpoint)?.[0] ?? null
  }

  isConnected(id: string): boolean {
    return (this.#open.get(id)?.monitor.connections() ?? 0) > 0
  }

  /** Says where it is; again when that has changed. */
  reach(id: string, endpoint: string): void {
    if (this.#closed || this.#open.get(id)?.endpoint === endpoint) return
    this.leave(id)
    this.#connect(id, endpoint, false)
  }

  #connect(id: string, endpoint: string, isFar: boolean): void {
    const { uuid, clock, keys, connection, refused, warning, failed } = this.#options
    const dealer = new DealerSocket(farApart(sendingDealer(isFar)))
    // The type of zeromq.js asks for text; a ZRE routing id is 17 octets of any value.
    ;(dealer as { routingId: unknown }).routingId = zreIdentity(uuid)
    const watch = {
      connected: (_: string, __: boolean, tookMs: number) => {
        if (!isFar && tookMs > socketLimits.nearHandshakeMs) this.#allowTime(id, open)
        else connection(id, true)
      },
      disconnected: () => connection(id, false),
      refused: (at: string, refusal: Refusal) => refused(id, at, refusal),
      dead: () => this.#reconnect(open),
      failed,
    }
    const monitor = new ConnectionMonitor(dealer, clock, watch, KeyChoice.of(keys))
    const open: OpenContact = { dealer, monitor, endpoint, sequence: 0 }
    this.#open.set(id, open)
    monitor.connect(endpoint)
    inBackground(this.#drain(dealer), (error) => warning(error.message))
  }

  /** Nobody is to be there any more. */
  leave(id: string): void {
    const open = this.#open.get(id)
    if (!open) return
    this.#open.delete(id)
    open.monitor.close()
    open.dealer.close()
    this.#options.connection(id, false)
  }

  /** HELLO has the number 1, and what follows counts on. Without a connection it is dropped: the next one begins with HELLO. */
  say(id: string, message: WithoutSequence<ZreMessage>, ...content: Uint8Array[]): void {
    const open = this.#open.get(id)
    if (!open || this.#closed) return
    open.sequence = message.type === 'hello' ? 1 : (open.sequence + 1) & 0xffff
    const frame = encodeZre({ ...message, sequence: open.sequence })
    open.dealer.send([frame, ...content]).catch(() => {})
  }

  close(): void {
    this.#closed = true
    for (const { dealer, monitor } of this.#open.values()) {
      monitor.close()
      dealer.close()
    }
    this.#open.clear()
  }

  /** Its answers would come too late for the heartbeats of a node that is near. */
  #allowTime(id: string, open: OpenContact): void {
    if (this.#open.get(id) !== open) return
    open.monitor.close()
    open.dealer.close()
    this.#connect(id, open.endpoint, true)
  }

  #reconnect({ dealer, monitor, endpoint }: OpenContact): void {
    if (this.#closed || dealer.closed) return
    disconnectSocket(dealer, endpoint)
    monitor.connect(endpoint)
  }

  /** ZRE nodes answer through DEALERs of their own; nothing comes back on ours. */
  async #drain(dealer: Dealer): Promise<void> {
    for await (const _ of dealer) if (this.#closed) return
  }
}
