import { randomId } from '../base/random.ts'
import { clusterProcessName, intakeInstance, newRegistration } from '../model/new-registration.ts'
import type { Registration } from '../model/roster-entry.ts'

/** What a new intake says of itself: it stands in the roster as an instance of GENESIS_CLUSTER. */
export function intakeRegistration(node: string, mode: Registration['mode']): Registration {
  return newRegistration({
    node,
    process: clusterProcessName,
    instance: intakeInstance,
    incarnation: randomId(),
    role: 'cluster',
    mode,
  })
}
