import { productVersion } from '../base/product-version.ts'
import { whisperVersion } from '../cluster/membership/peers.ts'
import type { ClusterSnapshot, NodeSnapshot } from '../model/cluster-snapshot.ts'
import { type Examined, examined, type Finding, note, notExamined, problem } from './finding.ts'
import { type Ground, unasked } from './ground.ts'

const oneVersion = 'install one version of tidings on all nodes, and start all processes again'

/** Processes named one by one; after that they are counted. */
const namedProcesses = 10

/** Whether nodes and processes speak the same, and run the same. */
export function examineVersions(ground: Ground): Examined {
  const { snapshot } = ground
  if (snapshot === null) return notExamined('versions', unasked(ground))
  const findings = [
    ...snapshot.nodes.flatMap(ofWire),
    ...snapshot.nodes.flatMap(ofTurnedAway),
    ...ofNodes(snapshot),
    ...ofThisDoctor(snapshot),
    ...ofProcesses(snapshot),
  ]
  return examined('versions', `all run version ${productVersion}`, findings)
}

function ofWire({ name, wire }: NodeSnapshot): Finding[] {
  if (wire === null || wire === whisperVersion) return []
  if (wire === 0)
    return [
      problem(
        `the node ${name} speaks ZRE, and no protocol of tidings: nothing that is published there comes here`,
        'see which program has its ClusterPort, and give that one another port',
      ),
    ]
  return [
    problem(
      `the node ${name} speaks version ${wire} of the wire, this node version ${whisperVersion}: nothing that is published on one comes to the other`,
      oneVersion,
    ),
  ]
}

const ofTurnedAway = ({ name, setup }: NodeSnapshot): Finding[] =>
  (setup?.turnedAway ?? []).flatMap(({ why, who }) =>
    why === 'another version'
      ? problem(
          `${name} refused the process ${who} of the wire: it speaks version ${whisperVersion}`,
          oneVersion,
        )
      : [],
  )

/** During an upgrade they differ for a while. */
function ofNodes({ nodes }: ClusterSnapshot): Finding[] {
  const versions = new Map<string, string[]>()
  for (const { name, setup } of nodes)
    if (setup) versions.set(setup.version, [...(versions.get(setup.version) ?? []), name])
  if (versions.size < 2) return []
  const list = [...versions].map(([version, names]) => `${version} on ${names.join(', ')}`)
  return [
    note(
      `nodes run several versions of tidings: ${list.join('; ')}`,
      'that is so during an upgrade; finish it, one host after the other',
    ),
  ]
}

function ofThisDoctor({ nodes, node }: ClusterSnapshot): Finding[] {
  const running = nodes.find(({ name }) => name === node)?.setup?.version ?? productVersion
  if (running === productVersion) return []
  return [
    note(
      `GENESIS_CLUSTER of this node runs version ${running}, and version ${productVersion} is installed here`,
      'start GENESIS_CLUSTER again, so that it runs what is installed',
    ),
  ]
}

function ofProcesses({ nodes }: ClusterSnapshot): Finding[] {
  const others = nodes.flatMap(({ name, setup, processes }) =>
    processes.flatMap((process) => {
      const { version, status, pid } = process
      if (setup === null || version === null || version === setup.version || status === 'DOWN')
        return []
      return note(
        `the process ${process.name} (pid ${pid}) on ${name} runs version ${version}, GENESIS_CLUSTER there version ${setup.version}`,
        'start it again, with the version that is installed on its host',
      )
    }),
  )
  if (others.length <= namedProcesses) return others
  const more = others.length - namedProcesses
  return [
    ...others.slice(0, namedProcesses),
    note(
      `${more} more processes run another version than GENESIS_CLUSTER of their node`,
      'start them again, too',
    ),
  ]
}
