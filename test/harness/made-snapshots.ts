import { whisperVersion } from '../../src/cluster/membership/peers.ts'
import { nothingSaid } from '../../src/model/cluster-snapshot.ts'
import type { NodeSnapshot, ProcessSnapshot } from '../../src/model/cluster-snapshot.ts'
import { noConnections } from '../../src/model/new-registration.ts'

/** A healthy process of which nothing more is known. */
export const madeProcess = (
  name: string,
  more: Partial<ProcessSnapshot> = {},
): ProcessSnapshot => ({
  name,
  pid: 1,
  status: 'HEALTHY',
  processPort: null,
  zeromqPort: null,
  connections: noConnections,
  tables: [],
  rate: 0,
  version: null,
  health: null,
  ...more,
})

/** A node that lives, and that says nothing. */
export const madeNode = (name: string, more: Partial<NodeSnapshot> = {}): NodeSnapshot => ({
  ...nothingSaid,
  name,
  address: '10.0.0.1',
  state: 'alive',
  wire: whisperVersion,
  link: null,
  refusal: null,
  ...more,
})
