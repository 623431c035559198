import type { ClusterSnapshot } from '../model/cluster-snapshot.ts'
import { styled } from './terminal.ts'

type ProcessSnapshot = ClusterSnapshot['nodes'][number]['processes'][number]

const header = [
  'PROCESS',
  'STATUS',
  'PID',
  'PORT',
  'ZEROMQ',
  'CONNECTIONS',
  'RATE/S',
  'LAST SEQUENCE',
]

/** A snapshot as a table for people. */
export function snapshotTable(snapshot: ClusterSnapshot, stream: NodeJS.WriteStream): string {
  const title = `${snapshot.system ?? 'no system'} · ${snapshot.mode} · link ${snapshot.link}`
  const sections = snapshot.nodes.map((node) => {
    const rows = [header, ...node.processes.map(rowOf)]
    const widths = header.map((_, column) =>
      Math.max(...rows.map((row) => (row[column] ?? '').length)),
    )
    const lines = rows.map((row, index) => {
      const line = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
      return index === 0 ? styled(stream, 'dim', line.trimEnd()) : line.trimEnd()
    })
    return [styled(stream, 'bold', `${node.name} (${node.address}) ${node.state}`), ...lines].join(
      '\n',
    )
  })
  return [styled(stream, 'cyan', title), ...sections].join('\n\n')
}

function rowOf(process: ProcessSnapshot): string[] {
  const { connections } = process
  return [
    process.name,
    process.status,
    String(process.pid),
    String(process.processPort ?? '–'),
    String(process.zeromqPort ?? '–'),
    `${connections.processes}p ${connections.outbound}o ${connections.inbound}i ${connections.export}e`,
    String(Math.round(process.rate)),
    process.tables.map(({ table, sequence }) => `${table} ${sequence}`).join(', ') || '–',
  ]
}
