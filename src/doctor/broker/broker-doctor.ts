import type { MqttSettings } from '../../definition/settings.ts'
import type { ClusterSnapshot } from '../../model/cluster-snapshot.ts'
import type { BrokerCheck, TakenBy } from '../../transport/mqtt/check/broker-check.ts'
import { clocksOf } from '../clocks.ts'
import { brokerTopics, type Examined, type ExaminedTopic, notExamined } from '../finding.ts'
import { examineAccess } from './broker-access.ts'
import { examineBrokerVersions, examineProcesses } from './broker-processes.ts'
import { examineReach, type Reached } from './broker-reach.ts'
import {
  examineDelay,
  examinePackets,
  examineProtocol,
  examineQos,
  examineRetained,
  examineWills,
} from './broker-trials.ts'

export interface BrokerDoctorOptions {
  readonly mqtt: MqttSettings
  readonly check: BrokerCheck
  /** Who is at this broker; null: what is said below the root does not come here. */
  readonly snapshot: (url: string) => Promise<ClusterSnapshot | null>
}

/** Tables of processes whose topics are tried, at most. */
const mostTables = 100

/** Looks at one topic after the other where the processes meet at a broker. */
export async function* examineBroker(options: BrokerDoctorOptions): AsyncGenerator<Examined, void> {
  const { check, mqtt } = options
  const all: Reached[] = []
  for (const url of mqtt.brokerUrls) all.push({ url, answer: await check.reach(url) })
  yield examineReach(all, mqtt)
  const at = all.map(({ answer }) => answer).find((answer): answer is TakenBy => 'url' in answer)
  if (at === undefined) yield* skipped(behind('broker'), 'no broker lets us in')
  else yield* examineTaken(at, options)
}

/** At a broker that has let us in. */
async function* examineTaken(
  at: TakenBy,
  { check, mqtt, snapshot }: BrokerDoctorOptions,
): AsyncGenerator<Examined, void> {
  yield examineProtocol(at)
  yield await examineQos(check, at, mqtt)
  const known = await snapshot(at.url)
  const access = examineAccess(at, await check.access(at, tablesOf(known)), check.root, mqtt)
  yield access
  if (access.findings.length > 0) yield* skipped(tried, 'what is said of access comes first')
  else yield* trials(at, check)
  if (known === null) yield* skipped(told, 'nothing that processes say comes here')
  else {
    yield examineProcesses(known)
    yield examineBrokerVersions(known)
    yield clocksOf(known)
  }
}

/** What needs that messages go through. */
async function* trials(at: TakenBy, check: BrokerCheck): AsyncGenerator<Examined, void> {
  yield await examineRetained(check, at)
  if (at.keepsRetained) yield await examineWills(check, at)
  else yield notExamined('wills', 'they are retained, and what is said of that comes first')
  yield await examinePackets(check, at)
  yield await examineDelay(check, at)
}

const tried = ['retained', 'wills', 'packets', 'delay'] as const
const told = ['processes', 'versions', 'clocks'] as const

const behind = (topic: (typeof brokerTopics)[number]) =>
  brokerTopics.slice(brokerTopics.indexOf(topic) + 1)

function* skipped(topics: readonly ExaminedTopic[], why: string): Generator<Examined, void> {
  for (const topic of topics) yield notExamined(topic, why)
}

/** Those that living processes publish or want. */
function tablesOf(known: ClusterSnapshot | null): string[] {
  const processes = known?.nodes.flatMap((node) => node.processes) ?? []
  const tables = processes.flatMap(({ broker, status }) => {
    if (!broker || status === 'DOWN') return []
    const { publishes, subscribes } = broker
    return subscribes === '*' ? publishes : [...publishes, ...subscribes]
  })
  return [...new Set(tables)].slice(0, mostTables)
}
