/** A message that a publisher wants sent. */
export interface OutgoingMessage {
  readonly topic: string
  /** In one piece, beginning with the topic. */
  readonly bytes: Uint8Array
}

export type Send = (topic: string, bytes: Uint8Array) => void
