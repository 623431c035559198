import { productVersion } from '../../base/product-version.ts'
import type { ClusterSnapshot, ProcessSnapshot } from '../../model/cluster-snapshot.ts'
import { type Examined, examined, type Finding, note } from '../finding.ts'

/** Processes named one by one; after that they are counted. */
const namedProcesses = 10

interface Placed {
  readonly node: string
  readonly process: ProcessSnapshot
}

const processesOf = ({ nodes }: ClusterSnapshot): Placed[] =>
  nodes.flatMap(({ name, processes }) => processes.map((process) => ({ node: name, process })))

/** Whether all who should be there answer. */
export function examineProcesses(snapshot: ClusterSnapshot): Examined {
  const all = processesOf(snapshot)
  const silent = all.filter(({ process }) => process.status === 'ERROR')
  const living = all.filter(({ process }) => process.status !== 'DOWN')
  return examined(
    'processes',
    living.length === 1
      ? '1 process is there, and answers'
      : `${living.length} processes are there, and answer`,
    notes(
      silent,
      ({ node, process }) =>
        `the process ${process.name} (pid ${process.pid}) on ${node} does not answer, or its connection has ended without a word`,
      'see whether it lives, and whether it reaches the broker; one that has died is forgotten after an hour',
    ),
  )
}

/** Whether all run the same version. */
export function examineBrokerVersions(snapshot: ClusterSnapshot): Examined {
  const others = processesOf(snapshot).filter(
    ({ process: { status, version } }) =>
      version !== null && version !== productVersion && status !== 'DOWN',
  )
  return examined(
    'versions',
    `all run version ${productVersion}`,
    notes(
      others,
      ({ node, process }) =>
        `the process ${process.name} (pid ${process.pid}) on ${node} runs version ${process.version ?? ''}, and version ${productVersion} is installed here`,
      'that is so during an upgrade; finish it, one host after the other',
    ),
  )
}

function notes(all: readonly Placed[], what: (each: Placed) => string, remedy: string): Finding[] {
  const named = all.slice(0, namedProcesses).map((each) => note(what(each), remedy))
  const more = all.length - named.length
  return more === 0 ? named : [...named, note(`the same is so of ${more} more processes`, remedy)]
}
