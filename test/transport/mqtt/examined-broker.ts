import { connect } from 'mqtt'
import type { MqttSettings } from '../../../src/definition/settings.ts'
import { examineBroker } from '../../../src/doctor/broker/broker-doctor.ts'
import type { Examined, ExaminedTopic } from '../../../src/doctor/finding.ts'
import { examineReach } from '../../../src/doctor/broker/broker-reach.ts'
import { BrokerCheck, type TakenBy } from '../../../src/transport/mqtt/check/broker-check.ts'
import { RosterWatch } from '../../../src/transport/mqtt/figures/roster-watch.ts'
import type { MqttTransportOptions } from '../../../src/transport/mqtt/transport-options.ts'
import { mqttOptions } from './mqtt-cluster.ts'

type Chosen = Partial<MqttTransportOptions>

/** What who only looks at a broker is told; a test shortens how long that takes. */
const answerWithinMs = 1_000

export const checkOf = (chosen: Chosen = {}): BrokerCheck =>
  new BrokerCheck({ ...mqttOptions({ urls: [], ...chosen }), connect })

/** What the doctor finds at a broker, by topic. */
export async function examinedAt(
  url: string,
  chosen: Chosen = {},
): Promise<Map<ExaminedTopic, Examined>> {
  const { urls: brokerUrls, qos, ...options } = mqttOptions({ urls: [url], ...chosen })
  const mqtt: MqttSettings = { ...options, brokerUrls, qos }
  const snapshot = async (at: string) => {
    const watch = new RosterWatch({ ...options, urls: [at], system: null, hosts: [options.node] })
    const answer = await watch.snapshot(answerWithinMs).catch(() => null)
    await watch.close()
    return answer
  }
  const found = new Map<ExaminedTopic, Examined>()
  for await (const each of examineBroker({ mqtt, check: checkOf(chosen), snapshot }))
    found.set(each.topic, each)
  return found
}

type Trial = (check: BrokerCheck, at: TakenBy) => Promise<Examined>

/** One trial alone: what is so and what to do, in one text. */
export async function triedAt(url: string, trial: Trial, chosen: Chosen = {}): Promise<string> {
  const check = checkOf(chosen)
  return textOf(await trial(check, await takenBy(check, url)))
}

export async function takenBy(check: BrokerCheck, url: string): Promise<TakenBy> {
  const at = await check.reach(url)
  if ('code' in at) throw new Error(at.message)
  return at
}

/** How a broker takes a connection, in one text. */
export async function reachedAt(url: string, chosen: Chosen = {}): Promise<string> {
  const { urls: brokerUrls, qos, ...options } = mqttOptions({ urls: [url], ...chosen })
  const answer = await checkOf(chosen).reach(url)
  return textOf(examineReach([{ url, answer }], { ...options, brokerUrls, qos }))
}

const textOf = ({ findings }: Examined): string =>
  findings.map(({ severity, what, remedy }) => `${severity}: ${what} → ${remedy}`).join('\n')

/** Findings of a topic in one text: what is so, and what to do. */
export function toldOf(found: ReadonlyMap<ExaminedTopic, Examined>, topic: ExaminedTopic): string {
  const examined = found.get(topic)
  return examined ? textOf(examined) : ''
}

/** All of it is in order, or could not be looked at. */
export const allOf = (found: ReadonlyMap<ExaminedTopic, Examined>): string[] =>
  [...found.values()].flatMap(({ findings, topic }) =>
    findings.map(({ what }) => `${topic}: ${what}`),
  )
