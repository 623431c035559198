import { tableLines } from '../base/text-table.ts'
import type {
  ClusterSnapshot,
  LeftOut,
  NodeSnapshot,
  ProcessSnapshot,
} from '../model/cluster-snapshot.ts'
import { processesAtBroker } from './broker-table.ts'
import { lasting } from './lasting.ts'
import { linkLines } from './link-lines.ts'
import { styled } from './terminal.ts'
import type { Wrong } from './wrong-lines.ts'

const header = [
  'PROCESS',
  'STATUS',
  'PID',
  'PORT',
  'ZEROMQ',
  'CONNECTIONS',
  'RATE/S',
  'LAG',
  'LOSSES',
  'LAST SEQUENCE',
]

/** What a node tells of itself, and not more than this holds. */
const answerOfCluster = 'one answer of GENESIS_CLUSTER'
const answerAtBroker = 'one packet of the broker'

/** A snapshot as a table for people, with what is wrong above it. */
export function snapshotTable(
  snapshot: ClusterSnapshot,
  { isWell, lines }: Wrong,
  stream: NodeJS.WriteStream,
): string {
  const { broker, nodes, system } = snapshot
  const title = `${system ?? 'no system'} · ${wayOf(snapshot)}`
  const wrong = lines.map((line) => styled(stream, isWell ? 'green' : 'red', line)).join('\n')
  const linesOf = broker ? brokerSection : nodeSection
  const sections = nodes.map((node) => linesOf(node, stream).join('\n'))
  return [styled(stream, 'cyan', title), wrong, ...sections].join('\n\n')
}

const wayOf = ({ broker, link, mode }: ClusterSnapshot): string =>
  broker ? `MQTT broker ${broker.url}, protocol ${broker.protocol}` : `${mode} · link ${link}`

function nodeSection(node: NodeSnapshot, stream: NodeJS.WriteStream): string[] {
  const { name, address, state, processes, leftOut } = node
  return [
    styled(stream, 'bold', `${name} (${address ?? 'address not known'}) ${state}`),
    ...underHead(tableLines(header, processes.map(rowOf)), stream),
    ...leftOutLines(leftOut, answerOfCluster, stream),
    ...linkLines(node, stream),
  ]
}

/** Its processes have neither ports nor connections to each other, and nobody listens at the node itself. */
function brokerSection(node: NodeSnapshot, stream: NodeJS.WriteStream): string[] {
  const { name, state, processes, leftOut } = node
  return [
    styled(stream, 'bold', `${name} ${state}`),
    ...underHead(processesAtBroker(processes), stream),
    ...leftOutLines(leftOut, answerAtBroker, stream),
  ]
}

const underHead = ([head = '', ...lines]: readonly string[], stream: NodeJS.WriteStream) => [
  styled(stream, 'dim', head),
  ...lines,
]

/** What an answer had no room for. */
function leftOutLines(
  leftOut: LeftOut | null,
  answer: string,
  stream: NodeJS.WriteStream,
): string[] {
  if (leftOut === null) return []
  const { processes, tables } = leftOut
  const why = `not shown: there are more than ${answer} may hold`
  const more = processes === 1 ? 'one more process is' : `${processes} more processes are`
  const lines = [
    ...(processes > 0 ? [`${more} ${why}`] : []),
    ...(tables ? [`last sequences are ${why}`] : []),
  ]
  return lines.map((line) => styled(stream, 'dim', line))
}

function rowOf(process: ProcessSnapshot): string[] {
  const { connections, health } = process
  return [
    process.name,
    process.status,
    String(process.pid),
    String(process.processPort ?? '–'),
    String(process.zeromqPort ?? '–'),
    `${connections.processes}p ${connections.outbound}o ${connections.inbound}i ${connections.export}e`,
    String(Math.round(process.rate)),
    health === null ? '–' : lasting(health.lagSeconds * 1000),
    health === null ? '–' : String(health.losses),
    process.tables.map(({ table, sequence }) => `${table} ${sequence}`).join(', ') || '–',
  ]
}
