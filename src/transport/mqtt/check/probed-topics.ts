import { randomBytes } from 'node:crypto'
import { randomId } from '../../../base/random.ts'
import { allUpdatesTopic } from '../../../model/topic.ts'
import type { BrokerTopics } from '../naming/broker-topics.ts'
import { Fragmenter } from '../naming/fragments.ts'

/** A topic that processes publish on, and the filter by which others read it. */
export interface ProbedTopic {
  readonly topic: string
  readonly filter: string
}

/** What became of a message on such a topic. */
export interface TopicAccess extends ProbedTopic {
  /** `refused`: the broker says so, in MQTT 5. `unanswered`: it does not, or the connection has ended before. */
  readonly write: 'refused' | 'acknowledged' | 'unanswered'
  readonly isHeard: boolean
  readonly isReadRefused: boolean
  /** At what the broker has ended the connection; null: it has not. */
  readonly endedAt: 'reading' | 'publishing' | null
}

/** Where no process has a table yet. */
const anyTable = 'TIDINGS_DOCTOR'

/** A message that has to travel in two pieces. */
const probeBytes = 1_500
const pieceBytes = 1_100

/**
 * A message that harms nobody on any topic: the last piece of one of which nothing else comes. Processes pass it over.
 */
export function probePayload(): Buffer {
  const pieces = new Fragmenter(randomId()).split(randomBytes(probeBytes), pieceBytes)
  return Buffer.from(pieces.at(-1) ?? [])
}

/** Each kind of topic once, with a process that nobody is; and each table that is in use. */
export function probedTopics(topics: BrokerTopics, tables: readonly string[]): ProbedTopic[] {
  const nobody = randomId()
  const exact = (topic: string): ProbedTopic => ({ topic, filter: topic })
  const own = (name: string, prefix: string): ProbedTopic => ({
    topic: topics.topicFor(name),
    filter: topics.filterFor(prefix),
  })
  const presence = (['roster', 'gone', 'ended', 'here', 'told'] as const).map((kind) => ({
    topic: topics.presence(kind, nobody),
    filter: topics.presenceOfAll(kind),
  }))
  const named = tables.length === 0 ? [anyTable] : tables
  return [
    own(allUpdatesTopic, allUpdatesTopic),
    ...named.map((table) => own(`${allUpdatesTopic}${table}/`, `${allUpdatesTopic}${table}/`)),
    own(`status/${nobody}/`, `status/${nobody}/`),
    own(`reply/${nobody}/`, `reply/${nobody}/`),
    exact(topics.requests),
    exact(topics.requestTo(nobody)),
    ...presence,
    exact(topics.presence('echo', nobody)),
    exact(topics.ask),
    exact(topics.cluster),
    exact(topics.figures),
    { topic: topics.figuresOf(nobody), filter: topics.figuresOf('+') },
  ]
}
