/** Why bytes are refused. The list is closed; refusals are counted by it. */
export const refusedReasons = [
  /** The topic is none of ours, or this kind of message does not travel on it. */
  'bad-topic',
  /** No frame at all, or more than a topic and what follows it. */
  'bad-frames',
  'too-short',
  'too-large',
  'bad-magic',
  'unknown-version',
  'unknown-kind',
  /** A flag is set that a reader must understand, and this one does not. */
  'unknown-flags',
  'bad-crc',
  /** A length or an offset points beyond the bytes at hand. */
  'bad-length',
  /** A number out of its range: not a safe integer, zero where counting begins at one. */
  'bad-number',
  /** A text that is not UTF-8, is empty or is too long. */
  'bad-text',
  /** Counts that contradict each other, or promise more than the bytes at hand hold. */
  'bad-count',
  /** A sync that names a table twice in one list. */
  'repeated-table',
  /** The topic names another table or publisher than the message. */
  'topic-mismatch',
  /** A replay by one publisher of the batch of another. */
  'publisher-mismatch',
  /** Foreign: not JSON, or nested too deep. */
  'bad-json',
  /** Foreign: JSON, but not an update or a list of updates. */
  'bad-update',
] as const

export type RefusedReason = (typeof refusedReasons)[number]

/** What decoders return for bytes they do not accept. */
export interface Refused {
  readonly kind: 'refused'
  readonly reason: RefusedReason
}

export function refused(reason: RefusedReason): Refused {
  return { kind: 'refused', reason }
}
