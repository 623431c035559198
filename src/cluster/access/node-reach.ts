import type { TidingsError } from '../../base/tidings-error.ts'
import type { BoundCluster } from '../bound-cluster.ts'
import type { Beacon } from '../membership/beacon-codec.ts'
import type { NodeLinks } from '../links/node-links.ts'
import { FixedHosts } from './fixed-hosts.ts'
import type { NodeDirectory } from './node-directory.ts'
import { QueriedHosts } from './queried-hosts.ts'

interface NodeReachOptions {
  readonly bound: BoundCluster
  readonly links: NodeLinks
  /** Nodes of the last run, which come back or are forgotten where nodes come and go. */
  readonly known: Iterable<string>
  readonly forgotten: (node: string) => void
  readonly missing: (address: string) => void
  readonly found: (address: string) => void
  readonly failed: (error: TidingsError) => void
}

/** Membership and links follow what the directory of nodes knows. */
export class NodeReach {
  readonly directory: NodeDirectory
  readonly #bound: BoundCluster
  readonly #links: NodeLinks

  constructor({ bound, links, ...options }: NodeReachOptions) {
    this.#bound = bound
    this.#links = links
    const { membership, settings } = bound
    const watched = {
      ...bound,
      ...options,
      state: (node: string) => membership.state(node),
      isReached: (node: string) => membership.isReached(node),
      denied: (address: string, why: string) => bound.uninvited.denied(address, why),
      changed: () => this.follow(),
    }
    this.directory =
      settings.hostsQuery === null ? new FixedHosts(watched) : new QueriedHosts(watched)
  }

  addressOf(node: string): string | null {
    return this.directory.others.get(node) ?? null
  }

  /** A beacon is a hint: it proves nothing, since anybody can send one, and who is let in the directory says. */
  noticed({ uuid, port }: Beacon, address: string): void {
    if (port === 0) this.#bound.membership.leaving(uuid)
    else this.directory.noticed(address)
  }

  /** Where the nodes are now. */
  follow(): void {
    const { membership } = this.#bound
    membership.reach(this.directory.contacts)
    for (const node of this.directory.others.keys())
      this.#links.moved(membership.state(node), membership.peer(node))
  }
}
