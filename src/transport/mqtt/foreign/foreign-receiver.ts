import { allUpdatesTopic } from '../../../model/topic.ts'
import type { Filter } from '../broker/filters.ts'
import type { BrokerTopics } from '../naming/broker-topics.ts'

/** Takes what programs that are not ours publish at the broker. */
export interface ForeignReceiver {
  /** `topic`: `update/<TABLE>/`, with no table where the topic at the broker names none. The payload may be kept. */
  message(topic: string, payload: Buffer): void
  /** The broker kept it from before, as it was told to: nobody knows how old it is. */
  retained(topic: string): void
  /** The connection to the broker has ended: what is published until it stands again does not come. */
  interrupted(broker: string, why: string): void
}

/**
 * Whoever takes it wants all tables, at QoS 1: on one connection without a session nothing comes twice at that, and what programs
 * publish at QoS 1 or 2 waits for it.
 */
export const foreignFilter = (topics: BrokerTopics): Filter => ({
  topic: topics.filterFor(allUpdatesTopic),
  qos: 1,
  isWithoutOwn: true,
})

/** Messages of ours, and pieces of them, begin with a byte that no text of UTF-8 begins with. */
const ownFirstByte = 0x89

export const isOwn = (payload: Buffer): boolean => payload[0] === ownFirstByte

/** An object or a list, or white space before it (RFC 8259). */
const jsonFirstBytes: ReadonlySet<number | undefined> = new Set(Buffer.from('{[ \t\r\n'))

export const isJson = (payload: Buffer): boolean => jsonFirstBytes.has(payload[0])
