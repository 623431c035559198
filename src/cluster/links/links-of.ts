import { createHash } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import type { TidingsError } from '../../base/tidings-error.ts'
import { hasOthers, type Settings } from '../../definition/settings.ts'
import type { Keys } from '../../sockets/keys/keys.ts'
import type { Misfit, Refusal } from '../../sockets/keys/refusal.ts'
import { linkLimit, threadPoolSize } from '../bus/thread-pool.ts'
import type { OnClusterEvent } from '../cluster-event.ts'
import type { NewLinks } from './links.ts'
import { MulticastLinks } from './multicast/multicast-links.ts'
import { noLinks } from './no-links.ts'
import { RelayLinks } from './relay-links.ts'

interface LinkingOptions {
  readonly settings: Settings
  /** The address at which other nodes reach this one now. */
  readonly advertised: () => string
  readonly bind: string
  readonly zapDomain: string
  readonly uuid: string
  readonly clock: Clock
  readonly on: OnClusterEvent
  /** What they connect with, and demand; null: there are none. */
  readonly keys: Keys | null
  readonly stranger: (endpoint: string) => void
  readonly misfit: (endpoint: string, misfit: Misfit) => void
  /** A node is there and does not let us in; told again with each attempt. */
  readonly refused: (node: string, endpoint: string, refusal: Refusal) => void
  readonly failed: (error: TidingsError) => void
}

interface Linking {
  readonly linked: boolean
  readonly exportsToLinks: boolean
  readonly newLinks: NewLinks
}

/** What the definition says of links: the one place that knows which kinds of them there are. */
export function linksOf(options: LinkingOptions): Linking {
  const { link, multicast, node, clusterName } = options.settings
  const linked = hasOthers(options.settings)
  if (link === 'multicast' && multicast) {
    const own = { port: node.ports.relay, cluster: numberOf(clusterName) }
    const more = { ...options, ...own, settings: multicast }
    const newLinks: NewLinks = (bus) => MulticastLinks.open({ ...more, bus })
    return { linked, exportsToLinks: true, newLinks }
  }
  const { keys, refused, clock, on } = options
  const limit = linkLimit(threadPoolSize())
  const newLinks: NewLinks = ({ outboundAt }) =>
    link === 'relay' ? new RelayLinks({ outboundAt, limit, keys, refused, clock, on }) : noLinks
  return { linked, exportsToLinks: false, newLinks }
}

/** Clusters that use one group are told apart by their names. */
const numberOf = (cluster: string): number =>
  createHash('sha256').update(cluster).digest().readUInt32LE(0)
