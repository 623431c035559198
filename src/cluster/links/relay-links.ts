import { inBackground } from '../../base/background.ts'
import { hostPort, tcpEndpoint } from '../../base/host-port.ts'
import type { Clock } from '../../base/clock.ts'
import type { LinkState, OnClusterEvent } from '../cluster-event.ts'
import { RateLimit } from '../../base/rate-limit.ts'
import type { LinkSnapshot, LinksSnapshot } from '../../model/link-snapshot.ts'
import type { Keys } from '../../sockets/keys/keys.ts'
import type { Refusal } from '../../sockets/keys/refusal.ts'
import type { TidingsError } from '../../base/tidings-error.ts'
import type { LinkPeer, Links } from './links.ts'
import { renewIntervalMs } from './links.ts'
import { RelayLink } from './relay-link.ts'

interface RelayLinksOptions {
  readonly outboundAt: string
  /** Links that the thread pool has room for. */
  readonly limit: number
  /** What they connect with; left out: there are none. */
  readonly keys?: Keys | null
  /** A node is there and does not let us in; told again with each attempt. */
  readonly refused?: (node: string, endpoint: string, refusal: Refusal) => void
  readonly clock: Clock
  readonly on: OnClusterEvent
}

/** Links that each read the relay port of another node. */
export class RelayLinks implements Links {
  readonly #options: RelayLinksOptions
  readonly #links = new Map<string, RelayLink>()
  readonly #renewals = new RateLimit(renewIntervalMs)
  /** There was no thread for them: where they would lead, and since when. */
  readonly #refused = new Map<string, { readonly at: string; readonly since: number }>()
  #closed = false

  constructor(options: RelayLinksOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#links.size
  }

  /** Nothing once all are closed: a link made then would lead to a bus that is no more, and keep its thread. */
  open({ node, address, life, headers }: LinkPeer): void {
    if (this.#closed) return
    const target = { endpoint: tcpEndpoint(address, headers.relay), life }
    const known = this.#links.get(node)
    if (known) {
      const { target: old } = known
      if (old?.endpoint === target.endpoint && old.life === target.life) return
      this.#follow(node, known.connectTo(target))
      this.#tell(node, 'renewed', `the node has begun a new life or moved to ${target.endpoint}`)
      return
    }
    if (this.#links.size >= this.#options.limit)
      return this.#refuse(node, hostPort(address, headers.relay))
    this.#refused.delete(node)
    const { outboundAt, keys = null, clock } = this.#options
    const link = new RelayLink(outboundAt, keys, clock, {
      // Where it leads now: it may have been led elsewhere since it was opened.
      connected: () => this.#tell(node, 'connected', (link.target ?? target).endpoint),
      renewed: (why) => this.#tell(node, 'renewed', why),
      refused: (at, refusal) => this.#options.refused?.(node, at, refusal),
    })
    this.#links.set(node, link)
    this.#follow(node, link.connectTo(target))
    this.#tell(node, 'opened', target.endpoint)
  }

  close(node: string): Promise<void> {
    this.#refused.delete(node)
    const link = this.#links.get(node)
    if (!link) return Promise.resolve()
    this.#links.delete(node)
    this.#tell(node, 'closed', 'the node is gone, or is not to be linked')
    return link.connectTo(null)
  }

  renew(node: string, now: number): boolean {
    const link = this.#links.get(node)
    if (!link?.mayRenew(now) || !this.#renewals.admits(node, now)) return false
    this.#follow(node, link.renew())
    this.#tell(node, 'renewed', 'a process asked for it')
    return true
  }

  states(now: number): LinksSnapshot {
    const made = [...this.#links].map(([node, link]): LinkSnapshot => ({
      node,
      by: 'relay',
      at: (link.target?.endpoint ?? '').replace(/^tcp:\/\//, ''),
      ...link.condition(now),
      reception: null,
    }))
    const refused = [...this.#refused].map(([node, { at, since }]): LinkSnapshot => {
      const forMs = Math.round(now - since)
      return { node, by: 'relay', at, state: 'refused', forMs, reception: null }
    })
    return { links: [...made, ...refused], group: null }
  }

  async closeAll(): Promise<void> {
    this.#closed = true
    const links = [...this.#links.values()]
    this.#links.clear()
    await Promise.all(links.map((link) => link.connectTo(null)))
  }

  #follow(node: string, work: Promise<void>): void {
    const failed = ({ message }: TidingsError) =>
      this.#options.on({ type: 'warning', message: `the link to ${node}: ${message}` })
    inBackground(work, failed)
  }

  /** Told once, not at every sign of life. */
  #refuse(node: string, at: string): void {
    if (this.#refused.has(node)) return
    this.#refused.set(node, { at, since: this.#options.clock.now() })
    const place = this.#options.limit + this.#refused.size
    this.#tell(
      node,
      'refused',
      `it would be link ${place}, and the thread pool has room for ${this.#options.limit}: raise UV_THREADPOOL_SIZE`,
    )
  }

  #tell(node: string, state: LinkState, why: string): void {
    const message = `link to ${node} ${state}: ${why}`
    this.#options.on({ type: 'link', node, state, message })
  }
}
