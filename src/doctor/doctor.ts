import { hostNamesOf, knownAddresses } from '../cluster/access/addresses.ts'
import type { Settings } from '../definition/settings.ts'
import type { ClusterSnapshot } from '../model/cluster-snapshot.ts'
import type { Refusal } from '../model/shut-out.ts'
import type { HostAddresses, LookUp } from '../sockets/host-lookup.ts'
import { examineCluster } from './cluster-answer.ts'
import { examineClocks } from './clocks.ts'
import { examineKeys } from './fitting-keys.ts'
import { examineVersions } from './versions.ts'
import { examineOpenFiles } from './open-files.ts'
import type { Examined } from './finding.ts'
import type { Ground } from './ground.ts'
import { examineLinks } from './link-health.ts'
import { examineNames } from './names.ts'
import { examineNodes } from './nodes.ts'
import { examineOwnPorts } from './own-ports.ts'
import { examinePeerPorts } from './peer-ports.ts'
import { examineStateFolder } from './state-folder.ts'
import { examineThreads } from './threads.ts'

export interface DoctorOptions {
  readonly settings: Settings
  readonly lookUp: LookUp
  /** What GENESIS_CLUSTER at this address knows, or why it does not let us in; null: it does not answer. */
  readonly snapshot: (address: string) => Promise<ClusterSnapshot | Refusal | null>
}

/** Looks at one topic after the other, and gives what it has found of each as soon as it is known. */
export async function* examine(options: DoctorOptions): AsyncGenerator<Examined, void> {
  const ground = await groundOf(options)
  yield examineNames(ground)
  yield examineCluster(ground)
  yield examineNodes(ground)
  yield examineKeys(ground)
  yield examineVersions(ground)
  yield examineClocks(ground)
  yield examineLinks(ground)
  yield await examineOwnPorts(ground)
  yield await examinePeerPorts(ground)
  yield await examineOpenFiles(ground)
  yield examineThreads(ground)
  yield examineStateFolder()
}

async function groundOf({ settings, lookUp, snapshot }: DoctorOptions): Promise<Ground> {
  const answers = new Map<string, HostAddresses>()
  const remembering: LookUp = async (host, signal) => {
    const answer = await lookUp(host, signal)
    answers.set(host, answer)
    return answer
  }
  const names = hostNamesOf(settings, remembering)
  await names.resolve()
  const addresses = knownAddresses(settings, names)
  const answer = await snapshot(addresses.local)
  const refusal = typeof answer === 'string' ? answer : null
  const known = { snapshot: typeof answer === 'string' ? null : answer, refusal }
  return { settings, names: answers, addresses, ...known }
}
