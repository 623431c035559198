import {
  descriptorLimit,
  fewestFreeForCluster,
  fewestFreeForQueue,
} from '../sockets/file-descriptors.ts'
import { portHolder } from '../sockets/port-owner.ts'
import { type Examined, examined, type Finding, notExamined, problem } from './finding.ts'
import { type Ground, otherNodes } from './ground.ts'

/** What GENESIS_CLUSTER opens for each process of its node, and for each other node. */
const perProcess = 4
const perNode = 6

/** What a process of the application opens for each peer in a mesh, where each connects to each. */
const perPeer = 2

/** Whether GENESIS_CLUSTER and the processes started from here may open as many files as they need. */
export async function examineOpenFiles(ground: Ground): Promise<Examined> {
  const own = descriptorLimit('self')
  if (own === null)
    return notExamined('file descriptors', 'this system does not say how many files may be open')
  const findings = [...ofProcesses(ground, own), ...(await ofCluster(ground))]
  return examined('file descriptors', `${own.toLocaleString('en')} files may be open`, findings)
}

const processesHere = ({ snapshot }: Ground): number =>
  snapshot?.nodes.find(({ name }) => name === snapshot.node)?.processes.length ?? 0

function ofProcesses(ground: Ground, limit: number): Finding[] {
  const peers = ground.settings.mode === 'mesh' ? processesHere(ground) : 0
  return short('a process that is started from here', limit, fewestFreeForQueue + perPeer * peers)
}

/** GENESIS_CLUSTER has a limit of its own: it may run as a service. */
async function ofCluster(ground: Ground): Promise<Finding[]> {
  const { settings, addresses, snapshot } = ground
  if (snapshot === null) return []
  const holder = await portHolder(addresses.bind, settings.node.ports.registry)
  const limit = holder && descriptorLimit(holder.pid)
  if (holder === null || limit === null) return []
  const nodes = otherNodes(ground).length
  const needed = fewestFreeForCluster + perProcess * processesHere(ground) + perNode * nodes
  return short(`GENESIS_CLUSTER (pid ${holder.pid})`, limit, needed)
}

function short(who: string, limit: number, needed: number): Finding[] {
  if (limit >= needed) return []
  return [
    problem(
      `${who} may have ${limit} files open, and ${needed} are needed`,
      `raise the limit: ulimit -n ${roundedUp(needed)}, or LimitNOFILE=${roundedUp(needed)} in its systemd unit`,
    ),
  ]
}

const roundedUp = (needed: number): number => Math.max(1024, 2 ** Math.ceil(Math.log2(2 * needed)))
