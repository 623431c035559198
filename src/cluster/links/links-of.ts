import { createHash } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import type { TidingsError } from '../../base/tidings-error.ts'
import { thisMachine } from '../../definition/machine.ts'
import type { Settings } from '../../definition/settings.ts'
import type { NodeAddresses } from '../access/addresses.ts'
import { isLoopback } from '../access/addresses.ts'
import { linkLimit, threadPoolSize } from '../bus/thread-pool.ts'
import type { OnClusterEvent } from '../cluster-event.ts'
import type { NewLinks } from './links.ts'
import { MulticastLinks } from './multicast/multicast-links.ts'
import { noLinks } from './no-links.ts'
import { RelayLinks } from './relay-links.ts'

interface LinkingOptions {
  readonly settings: Settings
  readonly addresses: NodeAddresses
  readonly bind: string
  readonly zapDomain: string
  readonly uuid: string
  readonly clock: Clock
  readonly on: OnClusterEvent
  readonly stranger: (endpoint: string) => void
  readonly failed: (error: TidingsError) => void
}

interface Linking {
  readonly linked: boolean
  readonly exportsToLinks: boolean
  readonly newLinks: NewLinks
}

/** What the definition says of links: the one place that knows which kinds of them there are. */
export function linksOf(options: LinkingOptions): Linking {
  const { link, nodes, multicast, node, system } = options.settings
  const linked = nodes.length > 1
  if (link === 'multicast' && multicast) {
    const { advertised } = options.addresses
    const own = { advertised, isLooped: isLooped(options.addresses), cluster: clusterOf(system) }
    const more = { ...options, ...own, settings: multicast, port: node.ports.relay }
    const newLinks: NewLinks = (bus) => MulticastLinks.open({ ...more, bus })
    return { linked, exportsToLinks: true, newLinks }
  }
  const { clock, on } = options
  const limit = linkLimit(threadPoolSize())
  const newLinks: NewLinks = ({ outboundAt }) =>
    link === 'relay' ? new RelayLinks({ outboundAt, limit, clock, on }) : noLinks
  return { linked, exportsToLinks: false, newLinks }
}

/** Another node may live on this machine: it is known where each is, and that is elsewhere, or not. */
function isLooped({ advertised, others }: NodeAddresses): boolean {
  const own = thisMachine().addresses
  if (isLoopback(advertised)) return true
  return [...others.values()].some((address) => address === null || own.has(address))
}

/** Clusters that use one group are told apart by their names. */
const clusterOf = (system: string | null): number =>
  createHash('sha256')
    .update(system ?? '')
    .digest()
    .readUInt32LE(0)
