import { hasOthers } from '../definition/settings.ts'
import type { ClusterSnapshot, NodeSnapshot } from '../model/cluster-snapshot.ts'
import { type Examined, examined, type Finding, notExamined, problem } from './finding.ts'
import { type Ground, unasked } from './ground.ts'

/** Whether GENESIS_CLUSTER of this node hears those of the others. */
export function examineNodes(ground: Ground): Examined {
  const { snapshot, settings } = ground
  if (!hasOthers(settings)) return notExamined('nodes', 'there is no other node')
  if (snapshot === null) return notExamined('nodes', unasked(ground))
  const others = snapshot.nodes.filter(({ name }) => name !== snapshot.node)
  const findings = [
    ...others.flatMap(findingsOf),
    ...others.flatMap((node) => ofLinking(node, snapshot.link)),
  ]
  return examined('nodes', `all ${others.length} other nodes are heard`, findings)
}

function findingsOf({ name, address, state, refusal }: NodeSnapshot): Finding[] {
  // What is said of its keys says why.
  if (state === 'alive' || refusal !== null) return []
  const where = address === null ? 'its address is not known' : `at ${address}`
  const what = {
    suspect: 'has not been heard for a moment',
    gone: 'is not heard any more',
    unreachable: 'has never been heard',
  }[state]
  return [
    problem(
      `the node ${name} (${where}) ${what}`,
      'see whether `tidings cluster` runs there, and what is said of its ports below',
    ),
  ]
}

/** What is wrong with the version that it speaks is told of versions. */
function ofLinking({ name, state, link }: NodeSnapshot, own: ClusterSnapshot['link']): Finding[] {
  if (state !== 'alive' || link === null || link === own) return []
  return [
    problem(
      `the node ${name} is linked by ${link}, this node by ${own}: nothing that is published on one comes to the other`,
      'give all hosts the same definition: ZeroMQProxyUnicastRelayEnabled is one for all',
    ),
  ]
}
