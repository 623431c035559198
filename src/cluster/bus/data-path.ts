import { inBackground } from '../../base/background.ts'
import type { Clock } from '../../base/clock.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { NodePorts } from '../../definition/settings.ts'
import type { LinksSnapshot } from '../../model/link-snapshot.ts'
import { Bus, type ForeignAt } from './bus.ts'
import type { Keys } from '../../sockets/keys/keys.ts'
import type { Misfit } from '../../sockets/keys/refusal.ts'
import type { OnClusterEvent } from '../cluster-event.ts'
import type { LinkPeer, Links, NewLinks } from '../links/links.ts'

/** How often the bus is made anew at most before GENESIS_CLUSTER gives up, within `renewalSpanMs`. */
const maxRenewals = 3

/** Milliseconds over which renewals of the bus are counted: a proxy that keeps ending is a fault. */
const renewalSpanMs = 60_000

interface DataPathOptions {
  readonly bind: string
  readonly ports: NodePorts
  readonly zapDomain: string
  readonly keys: Keys | null
  readonly clock: Clock
  /** There are other nodes, so links may come. */
  readonly linked: boolean
  /** Other nodes take nothing from the relay port: the links have it. */
  readonly exportsToLinks?: boolean
  readonly newLinks: NewLinks
  /** Where the intake of what foreign programs publish subscribes. */
  readonly foreignAt?: ForeignAt | undefined
  /** Somebody came to this endpoint and did not finish a handshake. */
  readonly stranger: (endpoint: string) => void
  /** Somebody came to this endpoint with no key, or with another one. */
  readonly misfit: (endpoint: string, misfit: Misfit) => void
  readonly on: OnClusterEvent
  /** It cannot be made anew. */
  readonly failed: (error: TidingsError) => void
}

/** @throws TidingsError PORT_TAKEN; nothing is left open then. */
async function bindBoth(options: DataPathOptions): Promise<{ bus: Bus; links: Links }> {
  const bus = await Bus.bind(options)
  try {
    return { bus, links: await options.newLinks(bus) }
  } catch (error) {
    await bus.close()
    throw error
  }
}

/** The bus and its links, which stand and fall together: where they meet is new with each bus. */
export class DataPath {
  readonly #options: DataPathOptions
  /** Whom links lead to: those of the next bus, too. */
  readonly #peers = new Map<string, LinkPeer>()
  readonly #renewals: number[] = []
  #bus: Bus
  #links: Links
  #renewing: Promise<void> | null = null
  #closed = false

  private constructor(options: DataPathOptions, bus: Bus, links: Links) {
    this.#options = options
    this.#bus = bus
    this.#links = links
  }

  /** @throws TidingsError PORT_TAKEN; nothing is left open then. Nothing flows before `run()`. */
  static async bind(options: DataPathOptions): Promise<DataPath> {
    const { bus, links } = await bindBoth(options)
    return new DataPath(options, bus, links)
  }

  /** Where it is heard what leaves this node. */
  get relayAt(): string {
    return this.#bus.relayAt
  }

  run(): void {
    this.#bus.run()
    inBackground(
      this.#bus.failed().then((error) => {
        this.#renewing = this.#renew(error)
        return this.#renewing
      }),
      this.#options.failed,
    )
  }

  openLink(peer: LinkPeer): void {
    this.#peers.set(peer.node, peer)
    this.#links.open(peer)
  }

  closeLink(node: string): void {
    this.#peers.delete(node)
    inBackground(this.#links.close(node), this.#options.failed)
  }

  renewLink(node: string): void {
    this.#links.renew(node, this.#options.clock.now())
  }

  /** The links to the other nodes, as they are now. */
  linkStates(): LinksSnapshot {
    return this.#links.states(this.#options.clock.now())
  }

  /** Resolves when all ports are free. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#renewing
    await Promise.all([this.#links.closeAll(), this.#bus.close()])
  }

  async #renew(error: Error): Promise<void> {
    if (this.#closed) return
    try {
      this.#admitRenewal(error)
      await this.#links.closeAll()
      await this.#bus.close()
      if (this.#closed) return
      const { bus, links } = await bindBoth(this.#options)
      this.#bus = bus
      this.#links = links
      if (this.#closed) return
      this.run()
      for (const peer of this.#peers.values()) this.#links.open(peer)
      const message = `the bus was made anew: ${error.message}`
      this.#options.on({ type: 'bus-renewed', message })
    } catch (failure) {
      this.#options.failed(TidingsError.from(failure))
    }
  }

  #admitRenewal(error: Error): void {
    const now = this.#options.clock.now()
    while ((this.#renewals[0] ?? now) < now - renewalSpanMs) this.#renewals.shift()
    this.#renewals.push(now)
    if (this.#renewals.length <= maxRenewals) return
    throw new TidingsError('TRANSPORT_FAILED', `a proxy keeps ending: ${error.message}`)
  }
}
