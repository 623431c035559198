import { productVersion } from '../base/product-version.ts'
import type { KeySetup, NodeSetup } from '../model/node-setup.ts'
import type { BoundCluster } from './bound-cluster.ts'

/** What this node says of itself, for people. */
export const setupOf = ({
  keys,
  uninvited,
}: Pick<BoundCluster, 'keys' | 'uninvited'>): NodeSetup => ({
  version: productVersion,
  keys: keys && keySetup(keys),
  turnedAway: uninvited.turnedAway(),
})

const keySetup = ({ own, ring, untaken }: NonNullable<BoundCluster['keys']>): KeySetup => ({
  own: own.public,
  ring: ring.map((pair) => pair.public),
  untaken,
})
