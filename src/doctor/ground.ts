import type { ClusterSnapshot } from '../model/cluster-snapshot.ts'
import type { NodeAddresses } from '../cluster/access/addresses.ts'
import type { Settings } from '../definition/settings.ts'
import type { HostAddresses } from '../sockets/host-lookup.ts'

/** How long anything that is asked over the network may take, milliseconds: a healthy one answers within some. */
export const answerWithinMs = 1_000

/** What is known before anything is looked at in particular. */
export interface Ground {
  readonly settings: Settings
  /** What the name of each host resolves to here. */
  readonly names: ReadonlyMap<string, HostAddresses>
  readonly addresses: NodeAddresses
  /** What GENESIS_CLUSTER of this node knows; null: it does not answer. */
  readonly snapshot: ClusterSnapshot | null
}
