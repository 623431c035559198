import { TidingsError } from '../../../base/tidings-error.ts'
import { processName } from '../../../model/publisher-identity.ts'
import type { Registration } from '../../../model/roster-entry.ts'

/** `pid`: of who has the name. */
export const nameTaken = (registration: Registration, pid: number): TidingsError =>
  new TidingsError(
    'NAME_TAKEN',
    `${processName(registration)} runs already on ${registration.node} (pid ${pid}): give one of them another instance`,
  )

/** At the root of the topics another cluster is at home. */
export const otherCluster = (own: string, other: string, root: string): TidingsError =>
  new TidingsError(
    'MODE_MISMATCH',
    `this process is of the cluster ${own}, and at the MQTT broker ${root} is the place of the cluster ${other}: give one of them another MqttQueueNamePattern`,
  )
