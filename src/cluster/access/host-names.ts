import { isDeepStrictEqual } from 'node:util'
import { TidingsError } from '../../base/tidings-error.ts'
import type { HostAddresses, LookUp } from '../../sockets/host-lookup.ts'
import { lookUpHost } from '../../sockets/host-lookup.ts'

interface KnownHost {
  /** The last ones that it resolved to; none: it never did. */
  readonly addresses: readonly string[]
  /** Why it does not resolve now; null: it does, or nobody has looked yet. */
  readonly trouble: string | null
}

const unknown: KnownHost = { addresses: [], trouble: null }

/**
 * What the names of the hosts resolve to. A name keeps the addresses that it had until it resolves to others: an
 * outage of the name service changes nothing for hosts that are known.
 */
export class HostNames {
  readonly #hosts: readonly string[]
  readonly #lookUp: LookUp
  readonly #known = new Map<string, KnownHost>()
  readonly #told = new Map<string, KnownHost>()
  readonly #stop = new AbortController()
  /** By host: each is looked up once at a time, and holds up no other. */
  readonly #underWay = new Map<string, Promise<void>>()
  #learned: () => void = () => undefined

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

  /** Why a host does not resolve now; null: it does, or its first look-up is still under way. */
  trouble(host: string): string | null {
    return this.#known.get(host)?.trouble ?? null
  }

  /** Hosts that do not resolve now, or whose first look-up is still under way. */
  get unresolved(): string[] {
    return this.#hosts.filter((host) => {
      const known = this.#known.get(host)
      return known === undefined || known.trouble !== null
    })
  }

  /** The address in use leads nowhere: the next of those that it resolves to has its turn. */
  turn(host: string): void {
    const known = this.#known.get(host)
    if (known === undefined || known.addresses.length < 2) return
    const [first = '', ...others] = known.addresses
    this.#known.set(host, { ...known, addresses: [...others, first] })
  }

  /** `learned` is called at each answer that says something else than the one before. */
  watch(learned: () => void): void {
    this.#learned = learned
  }

  /** Looks up, side by side, all that are not being looked up already. */
  refresh(): void {
    for (const host of this.#hosts)
      if (!this.#underWay.has(host)) this.#underWay.set(host, this.#resolveOne(host))
  }

  /** The same; resolves when all of them are answered. */
  async resolve(): Promise<void> {
    this.refresh()
    await Promise.all(this.#underWay.values())
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

  async #resolveOne(host: string): Promise<void> {
    const { signal } = this.#stop
    const found = await this.#lookUp(host, signal).catch(whyNot)
    this.#underWay.delete(host)
    if (signal.aborted) return
    const before = this.#known.get(host)
    const now = knownFrom(found, before ?? unknown)
    this.#known.set(host, now)
    if (!isDeepStrictEqual(before, now)) this.#learned()
  }
}

const whyNot = (error: unknown): HostAddresses => ({
  addresses: [],
  why: TidingsError.from(error).message,
})

function knownFrom(found: HostAddresses, { addresses: old }: KnownHost): KnownHost {
  if ('why' in found) return { addresses: old, trouble: found.why }
  // Of several that take turns in the answers the one in use stays: its connections stand.
  const inUse = old[0]
  const stays = inUse !== undefined && found.addresses.includes(inUse)
  const addresses = stays ? [...new Set([inUse, ...found.addresses])] : found.addresses
  return { addresses, trouble: null }
}

function sentenceOf(
  host: string,
  before: KnownHost,
  { addresses, trouble }: KnownHost,
): string | null {
  const [address] = addresses
  if (trouble !== null) {
    if (before.trouble !== null) return null
    return address === undefined
      ? `the host "${host}" of the definition does not resolve: ${trouble}. Its node cannot be reached, and may not connect, until it does`
      : `the host "${host}" does not resolve any more: ${trouble}. It stays at ${address} until it resolves to something else`
  }
  if (before.trouble !== null) return `the host "${host}" resolves, to ${address}`
  const [old] = before.addresses
  if (old === undefined || addresses.includes(old)) return null
  return `the host "${host}" has moved from ${old} to ${address}`
}
