/** Where what foreign programs publish comes from. */
export interface ForeignSource {
  /** Nothing more is wanted; what is under way still comes. */
  unsubscribe(): void
  close(): Promise<void>
}

/** What it tells the intake. */
export interface ForeignSourceHandlers {
  /** Whole messages, one behind the other as frames of ZMTP: of one frame that begins with its topic, or of two. */
  messages(bytes: Buffer, count: number): void
  /** One that is not taken; `head`: what its first frame begins with, its topic at least. */
  refused(head: Buffer, reason: string): void
  /** Messages may come: again, where it was interrupted before. */
  subscribed(): void
  /** What was published may be missing from here on; `message`: why, as a sentence. */
  interrupted(message: string): void
  /** Somebody came who is none of ours, and why it has gone. */
  stranger(why: string): void
}
