import type { Clock } from '../../base/clock.ts'
import { tcpEndpoint } from '../../base/host-port.ts'
import { RateLimit } from '../../base/rate-limit.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import { thisMachine } from '../../definition/machine.ts'
import type { Settings } from '../../definition/settings.ts'
import type { NodeState } from '../../model/cluster-snapshot.ts'
import type { AccessList } from '../../sockets/access-list.ts'
import type { OnClusterEvent } from '../cluster-event.ts'
import type { NodeAddresses } from './addresses.ts'
import { oneFamily, queriedAddresses } from './addresses.ts'
import type { HostNames } from './host-names.ts'
import type { Contact, NodeDirectory } from './node-directory.ts'

/** How long a node that is gone, and not in the answer any more, is known, milliseconds. */
export const keptMs = 60_000

/** How long an address may be in the answer, and no node heard there, before it is told, milliseconds. */
export const unheardMs = 10_000

/** How long the query may fail before that is told, milliseconds: an outage changes nothing. */
export const failingMs = 30_000

/** Least time between two questions that strangers bring about, milliseconds. */
const askAgainMs = 1_000

/** Addresses of an answer that are taken: more nodes than any cluster of links has. */
const mostAddresses = 1_024

interface QueriedHostsOptions {
  readonly settings: Settings
  /** Of the query alone. */
  readonly names: HostNames
  readonly addresses: NodeAddresses
  readonly access: AccessList
  readonly clock: Clock
  readonly on: OnClusterEvent
  /** Nodes of the last run, by name. */
  readonly known: Iterable<string>
  readonly state: (node: string) => NodeState
  /** A connection from there was denied, and why. */
  readonly denied: (address: string, why: string) => void
  /** Contacts or names are other ones from now on. */
  readonly changed: () => void
  /** It is gone for good, as far as anybody can tell. */
  readonly forgotten: (node: string) => void
  /** Nobody has been heard at an address where a node is to be. */
  readonly missing: (address: string) => void
  /** Somebody was heard there after all, or nobody is to be there any more. */
  readonly found: (address: string) => void
  readonly failed: (error: TidingsError) => void
}

/** An address that the query has answered with. */
interface Place {
  /** In the answer for the first time, or for the first time again. */
  readonly since: number
  isAnswered: boolean
  isTold: boolean
  /** Since when it is not in the answer and no live node is there; null: it is, or one is. */
  lostAt: number | null
}

interface KnownNode {
  /** null: it has not been heard in this run. */
  address: string | null
  /** Since when it is gone and its address is not in the answer; null: it is not so. */
  lostAt: number | null
}

/**
 * The nodes are those at the addresses of one name of DNS (`TidingsHostsQuery`), as the headless service of a
 * Kubernetes StatefulSet and the services of compose have them. They come and go at run time, and say their names
 * themselves. That an address is not in the answer any more ends nothing: a node that is alive stays, since a pod that
 * is busy leaves the answer too. And an answer that fails, or is empty, changes nothing.
 */
export class QueriedHosts implements NodeDirectory {
  readonly #options: QueriedHostsOptions
  readonly #places = new Map<string, Place>()
  readonly #nodes = new Map<string, KnownNode>()
  readonly #asking = new RateLimit(askAgainMs)
  /** Who was denied and may be in the next answer. */
  readonly #denied = new Set<string>()
  #failingSince: number | null = null
  #isFailureTold = false
  #closed = false

  constructor(options: QueriedHostsOptions) {
    this.#options = options
    const { names, known, clock } = options
    for (const node of known) this.#nodes.set(node, { address: null, lostAt: clock.now() })
    names.watch(() => this.#guarded(() => this.#take()))
  }

  get others(): ReadonlyMap<string, string | null> {
    return new Map([...this.#nodes].map(([node, { address }]) => [node, address]))
  }

  get unnamed(): readonly string[] {
    const named = new Set([...this.#nodes.values()].map(({ address }) => address))
    return [...this.#places.keys()].filter((address) => !named.has(address))
  }

  get contacts(): readonly Contact[] {
    const { ports } = this.#options.settings.node
    return [...this.#places]
      .filter(([, { lostAt }]) => lostAt === null)
      .map(([address]) => ({ id: `@${address}`, endpoint: tcpEndpoint(address, ports.cluster) }))
  }

  get advertised(): string {
    const { settings, names } = this.#options
    return queriedAddresses(settings, names).advertised
  }

  refusal(_: string, address: string): string | null {
    if (this.#places.has(address)) return null
    return `${address} is not among the addresses of ${this.#query}`
  }

  greeted(node: string, address: string): void {
    const known = this.#nodes.get(node)
    if (known?.address === address && known.lostAt === null) return
    // A later life at the address, under another name: who was there before is there no more.
    for (const other of this.#nodes.values()) if (other.address === address) other.address = null
    this.#nodes.set(node, { address, lostAt: null })
    this.#options.found(address)
    this.#options.changed()
  }

  denied(address: string): void {
    this.#denied.add(address)
    this.#askAgain()
  }

  noticed(address: string): void {
    if (!this.#places.has(address)) this.#askAgain()
  }

  begin(): void {
    this.#guarded(() => this.#take())
    this.#options.names.refresh()
  }

  tick(): void {
    this.#guarded(() => this.#take())
    this.#options.names.refresh()
  }

  close(): void {
    this.#closed = true
    this.#options.names.close()
  }

  get #query(): string {
    return this.#options.settings.hostsQuery ?? ''
  }

  #askAgain(): void {
    const { clock, names } = this.#options
    if (this.#asking.admits('', clock.now())) names.refresh()
  }

  #take(): void {
    if (this.#closed) return
    const { clock, names } = this.#options
    const now = clock.now()
    const isAnswered = names.trouble(this.#query) === null
    if (isAnswered) this.#takeAnswer(now)
    this.#forget(now, isAnswered)
    this.#options.access.load([
      ...queriedAddresses(this.#options.settings, this.#options.names).allowed,
      ...this.#places.keys(),
    ])
    this.#tell(now)
    this.#options.changed()
  }

  /** An answer without addresses is none: `HostNames` goes on with the last one. */
  #takeAnswer(now: number): void {
    const { names } = this.#options
    const own = ownAddresses(this.#options)
    const answer = oneFamily(names.addresses(this.#query)).filter((each) => !own.has(each))
    for (const place of this.#places.values()) place.isAnswered = false
    for (const address of answer.slice(0, mostAddresses)) {
      const place = this.#places.get(address)
      if (place) [place.isAnswered, place.lostAt] = [true, null]
      else {
        const fresh = { since: now, isAnswered: true, isTold: false, lostAt: null }
        this.#places.set(address, fresh)
      }
    }
  }

  /** Nobody is forgotten while nobody can say who is there. */
  #forget(now: number, isAnswered: boolean): void {
    for (const [node, known] of this.#nodes) {
      const isThere = known.address !== null && this.#places.get(known.address)?.isAnswered
      const isHeld = isThere || this.#options.state(node) !== 'gone'
      if (isHeld || !isAnswered) known.lostAt = null
      else known.lostAt ??= now
      if (known.lostAt === null || now - known.lostAt < keptMs) continue
      this.#nodes.delete(node)
      this.#options.forgotten(node)
    }
    for (const [address, place] of this.#places) {
      if (place.isAnswered) continue
      const isHeld = [...this.#nodes.entries()].some(
        ([node, known]) => known.address === address && this.#options.state(node) !== 'gone',
      )
      place.lostAt = isHeld || !isAnswered ? null : (place.lostAt ?? now)
      if (place.lostAt === null || now - place.lostAt < keptMs) continue
      this.#places.delete(address)
      this.#options.found(address)
    }
  }

  #tell(now: number): void {
    const { denied, missing } = this.#options
    for (const address of this.unnamed) {
      const place = this.#places.get(address)
      if (!place?.isAnswered || place.isTold || now - place.since < unheardMs) continue
      place.isTold = true
      missing(address)
    }
    for (const address of this.#denied) {
      this.#denied.delete(address)
      if (this.#places.has(address)) continue
      denied(address, `it is not among the addresses of ${this.#query}`)
    }
    this.#tellOfQuery(now)
  }

  #tellOfQuery(now: number): void {
    const { names, on } = this.#options
    const trouble = names.trouble(this.#query)
    if (trouble === null) {
      if (this.#isFailureTold) on({ type: 'warning', message: `${this.#query} is answered again` })
      this.#failingSince = null
      this.#isFailureTold = false
      return
    }
    this.#failingSince ??= now
    if (this.#isFailureTold || now - this.#failingSince < failingMs) return
    this.#isFailureTold = true
    const nodes = this.#places.size
    const rest =
      nodes === 0
        ? 'no other node is known'
        : `the nodes at ${nodes} known ${nodes === 1 ? 'address' : 'addresses'} stay`
    on({ type: 'warning', message: `${this.#query} is not answered: ${trouble}; ${rest}` })
  }

  #guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#options.failed(TidingsError.from(error))
    }
  }
}

/** What of the answer is this node itself: where it is bound, or all that the machine has. */
function ownAddresses({ addresses: { bind, advertised } }: QueriedHostsOptions) {
  const isEverywhere = bind !== advertised
  return isEverywhere ? thisMachine().addresses : new Set([bind])
}
