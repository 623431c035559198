import type { ClusterSnapshot } from '../model/cluster-snapshot.ts'
import { type NodeAddresses, oneFamily } from '../cluster/access/addresses.ts'
import type { Refusal } from '../model/shut-out.ts'
import { thisMachine } from '../definition/machine.ts'
import type { NodePorts, Settings } from '../definition/settings.ts'
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
  /** Why it does not let the doctor in; null: it does, or is not there. */
  readonly refusal: Refusal | null
}

/** Another node as far as the definition and the name service know it; `name`: its address where it says its name itself. */
export interface OtherNode {
  readonly name: string
  /** null: its name does not resolve here. */
  readonly address: string | null
  readonly ports: NodePorts
}

/** Why GENESIS_CLUSTER of this node was not asked for what it knows. */
export const unasked = ({ refusal }: Pick<Ground, 'refusal'>): string =>
  `GENESIS_CLUSTER of this node would know, and does not ${refusal === null ? 'answer' : 'let the doctor in'}`

export function otherNodes({ settings, names, addresses }: Ground): OtherNode[] {
  const { nodes, node, hostsQuery } = settings
  if (hostsQuery === null)
    return nodes.flatMap(({ name, ports }) =>
      name === node.name ? [] : { name, address: addresses.others.get(name) ?? null, ports },
    )
  const own = new Set([addresses.advertised, ...thisMachine().addresses])
  return oneFamily(names.get(hostsQuery)?.addresses ?? []).flatMap((address) =>
    own.has(address) ? [] : { name: address, address, ports: node.ports },
  )
}
