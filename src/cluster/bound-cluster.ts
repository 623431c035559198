import type { Clock } from '../base/clock.ts'
import type { Settings } from '../definition/settings.ts'
import type { AccessList } from '../sockets/access-list.ts'
import type { Keys } from '../sockets/keys/keys.ts'
import type { NodeAddresses } from './access/addresses.ts'
import type { Uninvited } from './access/uninvited.ts'
import type { OnClusterEvent } from './cluster-event.ts'
import type { DataPath } from './bus/data-path.ts'
import type { HostNames } from './access/host-names.ts'
import type { Membership } from './membership/membership.ts'
import type { OwnPort } from './bus/own-port.ts'
import type { PortPool } from './bus/port-pool.ts'
import type { RegistrationPort } from './roster/registration-port.ts'
import type { RosterFile } from './roster/roster-file.ts'

/** All that is bound, before anything flows or is heard. */
export interface BoundCluster {
  readonly settings: Settings
  readonly addresses: NodeAddresses
  readonly names: HostNames
  readonly access: AccessList
  readonly uninvited: Uninvited
  readonly keys: Keys | null
  readonly dataPath: DataPath
  readonly registration: RegistrationPort
  readonly membership: Membership
  readonly ownPort: OwnPort
  readonly pool: PortPool
  readonly file: RosterFile
  readonly clock: Clock
  readonly on: OnClusterEvent
}
