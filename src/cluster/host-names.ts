import type { LookUp } from '../transport/zeromq/host-lookup.ts'
import { lookUpHost } from '../transport/zeromq/host-lookup.ts'

interface Known {
  /** The last ones that it resolved to; none: it never did. */
  readonly addresses: readonly string[]
  /** Why it does not resolve now; null: it does, or nobody has looked yet. */
  readonly trouble: string | null
}

const unknown: Known = { addresses: [], trouble: null }

/**
 * What the names of the hosts resolve to. A name keeps the addresses that it had until it resolves to others: an
 * outage of the name service changes nothing for hosts that are known.
 */
export class HostNames {
  readonly #hosts: readonly string[]
  readonly #lookUp: LookUp
  readonly #known = new Map<string, Known>()
  readonly #told = new Map<string, Known>()
  readonly #stop = new AbortController()
  #running: Promise<void> | null = null

  constructor(hosts: Iterable<string>, lookUp: LookUp = lookUpHost) {
    this.#hosts = [...new Set(hosts)]
    this.#lookUp = lookUp
  }

  /** All addresses of a host, the one in use first; none: nobody knows one yet. */
  addresses(host: string): readonly string[] {
    return this.#known.get(host)?.addresses ?? []
  }

  /** The address of a host that is in use. */
  address(host: string): string | null {
    return this.addresses(host)[0] ?? null
  }

  /** Hosts that do not resolve now, or whose first look-up is still under way. */
  get unresolved(): string[] {
    return this.#hosts.filter((host) => {
      const known = this.#known.get(host)
      return known === undefined || known.trouble !== null
    })
  }

  /** Looks all of them up side by side, once at a time: whoever comes meanwhile waits for the same answers. */
  resolve(): Promise<void> {
    this.#running ??= this.#resolveAll().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  /** Calls off what is looked up. */
  close(): void {
    this.#stop.abort()
  }

  /** Sentences for people about what has changed since the last call. */
  news(): string[] {
    const sentences: string[] = []
    for (const [host, now] of this.#known) {
      const before = this.#told.get(host) ?? unknown
      this.#told.set(host, now)
      const sentence = sentenceOf(host, before, now)
      if (sentence !== null) sentences.push(sentence)
    }
    return sentences
  }

  async #resolveAll(): Promise<void> {
    const { signal } = this.#stop
    await Promise.all(this.#hosts.map((host) => this.#resolveOne(host, signal)))
  }

  async #resolveOne(host: string, signal: AbortSignal): Promise<void> {
    const found = await this.#lookUp(host, signal)
    if (signal.aborted) return
    const { addresses: old } = this.#known.get(host) ?? unknown
    if ('why' in found) {
      this.#known.set(host, { addresses: old, trouble: found.why })
      return
    }
    // Of several that take turns in the answers the one in use stays: its connections stand.
    const inUse = old[0]
    const stays = inUse !== undefined && found.addresses.includes(inUse)
    const addresses = stays ? [...new Set([inUse, ...found.addresses])] : found.addresses
    this.#known.set(host, { addresses, trouble: null })
  }
}

function sentenceOf(host: string, before: Known, { addresses, trouble }: Known): string | null {
  const [address] = addresses
  if (trouble !== null) {
    if (before.trouble !== null) return null
    return address === undefined
      ? `the host "${host}" of the definition does not resolve: ${trouble}. Its node cannot be reached, and may not connect, until it does`
      : `the host "${host}" does not resolve any more: ${trouble}. It stays at ${address} until it resolves to something else`
  }
  if (before.trouble !== null) return `the host "${host}" resolves, to ${address}`
  const moved = before.addresses.length > 0 && before.addresses[0] !== address
  return moved ? `the host "${host}" has moved from ${before.addresses[0]} to ${address}` : null
}
