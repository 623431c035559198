import { grouped } from '../base/text-table.ts'
import type { ClusterSnapshot, NodeSnapshot, ProcessSnapshot } from '../model/cluster-snapshot.ts'
import { whisperVersion } from '../cluster/membership/peers.ts'
import type { ToldLoss } from '../model/process-health.ts'
import { presenceLimits } from '../transport/mqtt/presence/presence-limits.ts'
import { lasting } from './lasting.ts'

/** A link may take so long to stand, milliseconds. */
const settledMs = 10_000

/** Who takes what has come within this time is not told, seconds. */
const slowSeconds = 5

/** A loss is shown for so long, as a process is that has ended: whoever was told has read again by then. */
const recentMs = 600_000

/** Of a thousand processes that wait for one node a few are enough. */
const maxLines = 20

/** What is wrong, a sentence each; where nothing is (`isWell`), one that says so. */
export interface Wrong {
  readonly isWell: boolean
  readonly lines: readonly string[]
}

/** What is wrong in a cluster, from nodes that are not heard to processes that are slow. */
export function wrongLines({ broker, nodes, link }: ClusterSnapshot): Wrong {
  const alive = nodes.filter(({ state }) => state === 'alive')
  const told = [
    // At a broker a node without processes is none that is not heard: nobody else would speak for it.
    ...(broker ? [...nodes.flatMap(cutOff), ...alive.flatMap(mute)] : ofNodes(nodes, alive, link)),
    ...alive.flatMap(unready),
    ...alive.flatMap(lossy),
    ...alive.flatMap(slow),
  ]
  if (told.length === 0) return { isWell: true, lines: [nothingWrong(nodes)] }
  const more = told.length - maxLines
  const lines = told.slice(0, maxLines)
  return { isWell: false, lines: more > 0 ? [...lines, `and ${grouped(more)} more`] : lines }
}

const ofNodes = (
  nodes: readonly NodeSnapshot[],
  alive: readonly NodeSnapshot[],
  link: ClusterSnapshot['link'],
): string[] => [
  ...nodes.flatMap(ofNode),
  ...alive.flatMap((node) => misfit(node, link)),
  ...nodes.flatMap(ofLinks),
  ...alive.flatMap(silent),
]

function nothingWrong(nodes: readonly NodeSnapshot[]): string {
  const living = nodes.flatMap(({ processes }) =>
    processes.filter(({ status }) => status !== 'DOWN'),
  )
  return `nothing is wrong: ${numbered(nodes.length, 'node')}, ${numbered(living.length, 'process')}, nothing lost within 10 min`
}

function ofNode({ name, address, state, refusal }: NodeSnapshot): string[] {
  const node = `node ${name} (${address ?? 'address not known'})`
  if (refusal !== null) return [`${node} does not let this node in: ${refusal}`]
  if (state === 'alive') return []
  const what = {
    suspect: 'has not been heard for a moment',
    gone: 'is not heard any more',
    unreachable: 'has never been heard',
  }[state]
  return [`${node} ${what}`]
}

/** It is there, and nothing crosses. */
function misfit({ name, wire, link }: NodeSnapshot, own: ClusterSnapshot['link']): string[] {
  const nothing = 'nothing that is published there comes to the node that was asked'
  if (wire === 0) return [`node ${name} speaks no protocol of tidings: ${nothing}`]
  if (wire !== null && wire !== whisperVersion)
    return [`node ${name} speaks version ${wire} of the wire, not ${whisperVersion}: ${nothing}`]
  if (link === null || link === own) return []
  return [`node ${name} is linked by ${link}, not by ${own}: ${nothing}`]
}

const ofLinks = ({ name, links }: NodeSnapshot): string[] =>
  links.flatMap(({ node, state, at, forMs }) => {
    if (state === 'refused') return [`${name} has no thread left for the link from ${node}`]
    if (state === 'connected' || forMs < settledMs) return []
    return [`the link from ${node} to ${name} does not stand for ${lasting(forMs)}: ${at}`]
  })

const silent = (node: NodeSnapshot): string[] =>
  node.processes.flatMap((process) =>
    process.status === 'ERROR'
      ? [`${placed(process, node)} has said nothing for 10 s or longer`]
      : [],
  )

const cutOff = (node: NodeSnapshot): string[] =>
  node.processes.flatMap((process) =>
    process.status === 'ERROR'
      ? [`${placed(process, node)} does not answer, or its connection has ended without a word`]
      : [],
  )

/** It is there, and has not said how it is. */
const mute = (node: NodeSnapshot): string[] =>
  node.processes.flatMap((process) =>
    process.status === 'HEALTHY' && process.broker?.connectedForMs === null
      ? [
          `${placed(process, node)} has not told its figures within ${lasting(presenceLimits.figuresWithinMs)}: its rate, losses and last numbers are not known`,
        ]
      : [],
  )

const unready = (node: NodeSnapshot): string[] =>
  node.processes.flatMap((process) => {
    const { status, health } = process
    if (status === 'STARTING') return [`${placed(process, node)} has not taken its ports yet`]
    if (health === null || health.ready) return []
    const names =
      health.waitingFor.length === 0 ? '' : `: it waits for ${health.waitingFor.join(', ')}`
    return [`${placed(process, node)} is not ready${names}`]
  })

const lossy = (node: NodeSnapshot): string[] =>
  node.processes.flatMap((process) => {
    const { losses, lastLoss } = process.health ?? { losses: 0, lastLoss: null }
    if (lastLoss === null) return []
    // By the clock of its host, as far as that is known.
    const ago = Math.max(0, (node.clock?.wallClock ?? lastLoss.at) - lastLoss.at)
    if (ago > recentMs) return []
    const told = losses === 1 ? 'a loss' : `${grouped(losses)} losses, the last`
    return [`${placed(process, node)} was told ${told} ${lasting(ago)} ago: ${lostRange(lastLoss)}`]
  })

function lostRange({ table, publisher, from, to, reason }: ToldLoss): string {
  const range = [
    ...(from === null ? [] : [`from ${grouped(from)}`]),
    ...(to === null ? [] : [`to ${grouped(to)}`]),
  ]
  const of = publisher === null ? [] : [`of ${publisher}`]
  return `${[table ?? 'any table', ...range, ...of].join(' ')} (${reason})`
}

const slow = (node: NodeSnapshot): string[] =>
  node.processes.flatMap((process) => {
    const seconds = process.health?.lagSeconds ?? 0
    if (seconds < slowSeconds) return []
    return [
      `${placed(process, node)} is slow: what it takes next is ${lasting(seconds * 1000)} old`,
    ]
  })

const placed = ({ name }: ProcessSnapshot, node: NodeSnapshot): string => `${name} on ${node.name}`

const numbered = (count: number, noun: string): string =>
  `${grouped(count)} ${noun}${count === 1 ? '' : noun.endsWith('s') ? 'es' : 's'}`
