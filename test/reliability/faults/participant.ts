import { patienceMs } from '../../harness/eventually.ts'
import { here, inside, type Place } from '../../harness/place.ts'
import type { TestCluster } from '../../harness/test-cluster.ts'
import type { OpenOptions } from '../../../src/index.ts'
import type { ParticipantCalls } from './processes/participant.ts'
import { Remote, type RemoteOptions } from './remote.ts'

/** An application process with any number of queues. */
export type Participant = Remote<ParticipantCalls>

export const startParticipant = (name: string, options: RemoteOptions = {}): Participant =>
  new Remote<ParticipantCalls>(name, 'participant.ts', options)

/** Opens a queue of that name on a node; returns its incarnation. */
export function openQueue(
  participant: Participant,
  cluster: TestCluster,
  key: string,
  tables: readonly string[] = [],
  options: Partial<OpenOptions> = {},
  node = 0,
): Promise<string> {
  const { definition } = cluster
  const { host } = cluster.node(node)
  const name = options.script === undefined ? { process: key } : {}
  const where = { definition, host, clusterTimeoutMs: patienceMs }
  return participant.call('open', {
    key,
    tables,
    options: { ...where, ...name, ...options } as OpenOptions,
  })
}

/** A process of its own with one queue, which bears its name; `place`: on the machine of its node. */
export async function startQueue(
  cluster: TestCluster,
  key: string,
  tables: readonly string[] = [],
  options: Partial<OpenOptions> = {},
  node = 0,
  place: Place = here,
): Promise<Participant> {
  const where = inside(cluster.node(node).place, place)
  const participant = startParticipant(key, { place: where })
  await openQueue(participant, cluster, key, tables, options, node)
  return participant
}
