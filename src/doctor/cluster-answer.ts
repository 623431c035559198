import { hostPort } from '../base/host-port.ts'
import { type Examined, examined, note, problem } from './finding.ts'
import { refusalParts } from '../sockets/keys/refusal.ts'
import type { Ground } from './ground.ts'

/** Whether GENESIS_CLUSTER of this node runs, by the definition that was read. */
export function examineCluster({ settings, snapshot, refusal, addresses }: Ground): Examined {
  const { system, mode, node } = settings
  const at = hostPort(addresses.local, node.ports.registry)
  if (refusal !== null)
    return examined('cluster', '', [
      problem(...refusalParts(refusal, `GENESIS_CLUSTER of this node, at ${at},`)),
    ])
  if (snapshot === null)
    return examined('cluster', '', [
      problem(
        `GENESIS_CLUSTER of this node does not answer at ${at}`,
        'start it on this node: tidings cluster',
      ),
    ])
  const differs = [
    ...(snapshot.node === node.name ? [] : [`it is the node "${snapshot.node}"`]),
    ...(snapshot.system === system ? [] : [`its system is ${snapshot.system ?? 'none'}`]),
    ...(snapshot.mode === mode ? [] : [`its mode is ${snapshot.mode}`]),
    ...(snapshot.link === settings.link ? [] : [`its link is ${snapshot.link}`]),
  ]
  const findings =
    differs.length === 0
      ? []
      : [
          problem(
            `GENESIS_CLUSTER at ${at} runs with another definition: ${differs.join(', ')}; by this one ${meaning(settings)}`,
            'give both the same definition, and start GENESIS_CLUSTER again',
          ),
        ]
  const silent = snapshot.nodes
    .flatMap(({ name, processes }) => (name === snapshot.node ? processes : []))
    .filter(({ status }) => status === 'ERROR')
  for (const { name, pid } of silent)
    findings.push(
      note(
        `the process ${name} (pid ${pid}) has said nothing to GENESIS_CLUSTER for 10 s`,
        'see whether it lives and whether its event loop stands still',
      ),
    )
  return examined('cluster', `GENESIS_CLUSTER answers at ${at}`, findings)
}

const meaning = ({ node, system, mode, link }: Ground['settings']): string =>
  `the node is "${node.name}", the system ${system ?? 'none'}, the mode ${mode}, the link ${link}`
