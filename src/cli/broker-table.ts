import { tableLines } from '../base/text-table.ts'
import type { ProcessAtBroker, ProcessSnapshot } from '../model/cluster-snapshot.ts'
import { lasting } from './lasting.ts'

/** Of processes at a broker. */
const header = [
  'PROCESS',
  'STATUS',
  'PID',
  'CONNECTED',
  'DROPPED',
  'RATE/S',
  'LAG',
  'LOSSES',
  'WANTS',
  'LAST SEQUENCE',
]

/** The processes of a node that meet the others at an MQTT broker, for people; the head first. */
export const processesAtBroker = (processes: readonly ProcessSnapshot[]): string[] =>
  tableLines(header, processes.map(rowOf))

function rowOf({ name, status, pid, rate, tables, broker, health }: ProcessSnapshot) {
  const { connectedForMs = null, dropped = null } = broker ?? {}
  return [
    name,
    status,
    String(pid),
    connectedForMs === null ? '–' : lasting(connectedForMs),
    dropped,
    connectedForMs === null ? null : Math.round(rate),
    health === null ? '–' : lasting(health.lagSeconds * 1000),
    health?.losses ?? null,
    broker ? wanted(broker) : '–',
    published(tables, broker?.publishes ?? []),
  ]
}

const wanted = ({ subscribes }: ProcessAtBroker): string =>
  subscribes === '*' ? 'all' : subscribes.join(', ') || '–'

/** Each table with its last number; one that is declared, and not published yet, has none. */
function published(tables: ProcessSnapshot['tables'], declared: readonly string[]): string {
  const numbered = new Set(tables.map(({ table }) => table))
  const all = [
    ...tables.map(({ table, sequence }) => `${table} ${sequence}`),
    ...declared.filter((table) => !numbered.has(table)).map((table) => `${table} –`),
  ]
  return all.join(', ') || '–'
}
