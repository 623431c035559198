import type { Finding } from '../base/findings.ts'

export { note, problem, type Finding } from '../base/findings.ts'

/** What `tidings doctor` looks at with ZeroMQ, in its order. */
export const examinedTopics = [
  'definition',
  'names',
  'cluster',
  'nodes',
  'keys',
  'versions',
  'clocks',
  'links',
  'ports here',
  'ports there',
  'file descriptors',
  'threads',
  'state folder',
] as const

/** The same where the processes meet at an MQTT broker. */
export const brokerTopics = [
  'definition',
  'broker',
  'protocol',
  'quality of service',
  'access',
  'retained',
  'wills',
  'packets',
  'delay',
  'processes',
  'versions',
  'clocks',
] as const

export type ExaminedTopic = (typeof examinedTopics)[number] | (typeof brokerTopics)[number]

/** What was found of one topic. */
export interface Examined {
  readonly topic: ExaminedTopic
  /** What is in order, in a sentence; null where something was found, or nothing could be looked at. */
  readonly fine: string | null
  readonly findings: readonly Finding[]
  /** Why it was not looked at; null: it was. */
  readonly skipped: string | null
}

/** `fine`: what to say where nothing was found. */
export const examined = (
  topic: ExaminedTopic,
  fine: string,
  findings: readonly Finding[],
): Examined => ({ topic, fine: findings.length === 0 ? fine : null, findings, skipped: null })

export const notExamined = (topic: ExaminedTopic, skipped: string): Examined => ({
  topic,
  fine: null,
  findings: [],
  skipped,
})
