import { tableLines } from '../base/text-table.ts'
import type {
  ClusterSnapshot,
  LeftOut,
  NodeSnapshot,
  ProcessSnapshot,
} from '../model/cluster-snapshot.ts'
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

/** A snapshot as a table for people, with what is wrong above it. */
export function snapshotTable(
  snapshot: ClusterSnapshot,
  { isWell, lines }: Wrong,
  stream: NodeJS.WriteStream,
): string {
  const title = `${snapshot.system ?? 'no system'} · ${snapshot.mode} · link ${snapshot.link}`
  const wrong = lines.map((line) => styled(stream, isWell ? 'green' : 'red', line)).join('\n')
  const sections = snapshot.nodes.map((node) => sectionOf(node, stream).join('\n'))
  return [styled(stream, 'cyan', title), wrong, ...sections].join('\n\n')
}

function sectionOf(node: NodeSnapshot, stream: NodeJS.WriteStream): string[] {
  const { name, address, state, processes, leftOut } = node
  const title = styled(stream, 'bold', `${name} (${address ?? 'address not known'}) ${state}`)
  const rest = leftOut === null ? [] : leftOutLines(leftOut)
  return [
    title,
    ...tableOf(processes, stream),
    ...rest.map((line) => styled(stream, 'dim', line)),
    ...linkLines(node, stream),
  ]
}

function tableOf(processes: readonly ProcessSnapshot[], stream: NodeJS.WriteStream): string[] {
  const [head = '', ...lines] = tableLines(header, processes.map(rowOf))
  return [styled(stream, 'dim', head), ...lines]
}

/** What an answer had no room for. */
function leftOutLines({ processes, tables }: LeftOut): string[] {
  const more = processes === 1 ? 'one more process is' : `${processes} more processes are`
  return [
    ...(processes > 0
      ? [`${more} not shown: there are more than one answer of GENESIS_CLUSTER may hold`]
      : []),
    ...(tables
      ? ['last sequences are not shown: there are more than one answer of GENESIS_CLUSTER may hold']
      : []),
  ]
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
