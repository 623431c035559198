import { multicastLimits } from '../cluster/links/multicast/multicast-limits.ts'
import { hasOthers } from '../definition/settings.ts'
import type { NodeSnapshot } from '../model/cluster-snapshot.ts'
import type { GroupSnapshot, LinkSnapshot } from '../model/link-snapshot.ts'
import { type Examined, examined, type Finding, note, notExamined, problem } from './finding.ts'
import { type Ground, unasked } from './ground.ts'

/** A link may take so long to stand, and to find out that the group brings what it has to, milliseconds. */
const settledMs = 10_000

/** More than this share of the datagrams sent again is told, as GENESIS_CLUSTER tells it. */
const toldShare = 0.01

/** So many that were longer than any that came are no chance: where one of five is lost, it is that once in three thousand times. */
const tooLongInARow = 5

/** TidingsMulticastDatagramBytes is no less. */
const leastDatagramBytes = 576

const bytesWanted = multicastLimits.receiveBufferBytes
const raise = `sysctl -w net.core.rmem_max=${bytesWanted} there, and start GENESIS_CLUSTER again`

/** A link, and the node that its updates come to. */
interface Way {
  readonly to: string
  readonly link: LinkSnapshot
}

/** What carries updates between the nodes, as each of them says that it comes. */
export function examineLinks(ground: Ground): Examined {
  const { snapshot, settings } = ground
  if (!hasOthers(settings)) return notExamined('links', 'there is no other node')
  if (snapshot === null) return notExamined('links', unasked(ground))
  const ways = snapshot.nodes.flatMap(({ name, links }) =>
    links.map((link): Way => ({ to: name, link })),
  )
  if (ways.length === 0) return notExamined('links', 'no node tells of one')
  const findings = [
    ...ways.flatMap(ofConnection),
    ...ofHearing(ways, snapshot.nodes),
    ...ways.flatMap((way) => ofLength(way, snapshot.nodes) ?? ofLoss(way)),
    ...snapshot.nodes.flatMap(({ name, group }) => (group === null ? [] : ofGroup(name, group))),
  ]
  return examined(
    'links',
    `${ways.length} links between the nodes carry what they have to`,
    findings,
  )
}

function ofConnection({ to, link }: Way): Finding[] {
  const { node, state, at, forMs } = link
  if (state === 'refused')
    return [
      problem(
        `${to} has no thread left for the link from ${node}`,
        `start GENESIS_CLUSTER on ${to} with a larger UV_THREADPOOL_SIZE`,
      ),
    ]
  if (state === 'connected' || forMs < settledMs) return []
  return [
    problem(
      `the link from ${node} to ${to} does not stand: ${at} is not reached from there`,
      `run tidings doctor on ${to}: it tries the port from there`,
    ),
  ]
}

const isUnheard = ({ link: { state, forMs, reception } }: Way): boolean =>
  state === 'connected' && forMs >= settledMs && reception?.way === 'channel'

/** Where nobody hears anybody it is the network; where some do, it is one host or one way. */
function ofHearing(ways: readonly Way[], nodes: readonly NodeSnapshot[]): Finding[] {
  const unheard = ways.filter(isUnheard)
  const at = nodes.find(({ group }) => group !== null)?.group?.at ?? ''
  if (unheard.length === 0) return []
  if (unheard.length === ways.length)
    return [
      problem(
        `no node hears another one by multicast: updates go by TCP to each node by itself`,
        `let UDP to ${at} through between the hosts; where the network carries no multicast, as in the cloud, ` +
          'set ZeroMQProxyUnicastRelayEnabled and ZeroMQProxyModeEnabled to true',
      ),
    ]
  return unheard.map(({ to, link: { node } }) =>
    problem(
      `datagrams of ${node} do not come to ${to} by multicast, so its updates come by TCP`,
      `let UDP to ${at} in at ${to}, and out at ${node}; if it worked and stopped after some minutes, the switch snoops IGMP ` +
        'and nobody queries: switch its querier on',
    ),
  )
}

/** Those that are too long for the way between two nodes: a host tells nobody that it drops them. */
function ofLength({ to, link }: Way, nodes: readonly NodeSnapshot[]): Finding[] | null {
  const { node, reception } = link
  if (reception?.way !== 'group' || reception.longerMissed < tooLongInARow) return null
  const { longest } = reception
  const sent = nodes.find(({ name }) => name === node)?.group?.datagramBytes
  const carried = `let the network carry UDP datagrams of ${sent ?? 'that many'} bytes`
  return [
    problem(
      `datagrams of ${node} of more than ${longest} bytes do not come to ${to} by multicast, and are sent again by TCP`,
      longest < leastDatagramBytes
        ? carried
        : `${carried}, or set TidingsMulticastDatagramBytes to ${longest}`,
    ),
  ]
}

function ofLoss({ to, link: { node, reception } }: Way): Finding[] {
  const share = reception?.lostShare ?? 0
  if (reception?.way !== 'group' || share <= toldShare) return []
  return [
    problem(
      `${(100 * share).toFixed(1)} % of the datagrams of ${node} do not come to ${to} by multicast, and are sent again by TCP`,
      'if none are overrun, let the network carry datagrams of that size, or lower TidingsMulticastDatagramBytes or TidingsMulticastMbitPerSecond',
    ),
  ]
}

function ofGroup(node: string, group: GroupSnapshot): Finding[] {
  const { at, from, receiveBuffer, overrun, refused } = group
  if (from === null)
    return [
      problem(
        `${node} cannot use the multicast group ${at}: all its updates go and come by TCP`,
        'its log says why; TidingsMulticastInterface says which interface it is to take',
      ),
    ]
  const findings: Finding[] = []
  if ((overrun ?? 0) > 0)
    findings.push(
      problem(
        `${overrun?.toLocaleString('en')} datagrams came to ${node} while its buffer of ${receiveBuffer.toLocaleString('en')} bytes was full, and were sent again`,
        `${raise}; if it has that much, lower TidingsMulticastMbitPerSecond`,
      ),
    )
  else if (receiveBuffer < multicastLimits.enoughReceiveBufferBytes)
    findings.push(
      note(
        `${node} has ${receiveBuffer.toLocaleString('en')} bytes for datagrams that wait to be read, and ${bytesWanted.toLocaleString('en')} are wanted`,
        raise,
      ),
    )
  if (refused.some(({ why }) => why === 'other-cluster'))
    findings.push(
      problem(
        `another cluster uses the multicast group ${at}, as ${node} hears`,
        'give one of them a TidingsMulticastGroup of its own',
      ),
    )
  return findings
}
