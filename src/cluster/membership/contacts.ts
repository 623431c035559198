import type { Clock } from '../../base/clock.ts'
import type { TidingsError } from '../../base/tidings-error.ts'
import type { Keys } from '../../sockets/keys/keys.ts'
import type { Refusal } from '../../sockets/keys/refusal.ts'
import { socketLimits } from '../../sockets/socket-options.ts'
import { NodeDealer } from './node-dealer.ts'
import type { ZreMessage } from './zre-codec.ts'
import { encodeZre } from './zre-codec.ts'

interface OpenContact {
  readonly dealer: NodeDealer
  sequence: number
  /** Who is there has answered the last ping: it knows us by our HELLO. */
  answers: boolean
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

/** Our DEALERs, one for each place where another node is to be. */
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
    return [...this.#open].find(([, { dealer }]) => dealer.endpoint === endpoint)?.[0] ?? null
  }

  isConnected(id: string): boolean {
    return this.#open.get(id)?.dealer.isConnected ?? false
  }

  /** Why who is there does not let us in. */
  refusalAt(id: string): Refusal | null {
    return this.#open.get(id)?.dealer.refusal ?? null
  }

  /** Says where it is; again when that has changed. */
  reach(id: string, endpoint: string): void {
    if (this.#closed || this.#open.get(id)?.dealer.endpoint === endpoint) return
    this.leave(id)
    this.#connect(id, endpoint, false)
  }

  #connect(id: string, endpoint: string, isFar: boolean): void {
    const { uuid, clock, keys, connection, refused, warning, failed } = this.#options
    const dealer = new NodeDealer({
      endpoint,
      uuid,
      isFar,
      clock,
      keys,
      connected: (tookMs) => {
        if (!isFar && tookMs > socketLimits.nearHandshakeMs) this.#allowTime(id, open)
        else connection(id, true)
      },
      disconnected: () => connection(id, false),
      refused: (at, refusal) => refused(id, at, refusal),
      dead: () => {
        if (!this.#closed) dealer.renew()
      },
      warning: ({ message }) => warning(message),
      failed,
    })
    const open: OpenContact = { dealer, sequence: 0, answers: false }
    this.#open.set(id, open)
  }

  /** Nobody is to be there any more. */
  leave(id: string): void {
    const open = this.#open.get(id)
    if (!open) return
    this.#open.delete(id)
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

  /** Who is there has answered a ping. */
  answered(id: string): void {
    const open = this.#open.get(id)
    if (open) open.answers = true
  }

  /** It has answered the last ping. */
  answers(id: string): boolean {
    return this.#open.get(id)?.answers ?? false
  }

  ping(id: string): void {
    const open = this.#open.get(id)
    if (open) open.answers = false
    this.say(id, { type: 'ping' })
  }

  close(): void {
    this.#closed = true
    for (const { dealer } of this.#open.values()) dealer.close()
    this.#open.clear()
  }

  /** Its answers would come too late for the heartbeats of a node that is near. */
  #allowTime(id: string, open: OpenContact): void {
    if (this.#open.get(id) !== open) return
    open.dealer.close()
    this.#connect(id, open.dealer.endpoint, true)
  }
}
