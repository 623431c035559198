/** What travels down to subscribers. */
export interface Down {
  readonly topic: string
  readonly message: Uint8Array
}

/** What travels up to publishers. */
export type Up =
  | { readonly subscribe: string }
  | { readonly unsubscribe: string }
  | { readonly request: Uint8Array; readonly publishers: readonly string[] | null }

/** A connection as its ends see it. */
export interface Carrier {
  /** What the end nearer to the subscriber wants. */
  readonly topics: ReadonlySet<string>
  sendUp(message: Up): void
  sendDown(message: Down): void
}

/**
 * An XSUB and an XPUB back to back, as in a native proxy: only the first subscription of a topic is
 * forwarded upstream, and a lost one is not healed by those that come later.
 */
export class Hub<Pipe extends Carrier> {
  readonly ups = new Set<Pipe>()
  readonly downs = new Set<Pipe>()
  /** True while the process at this end stands still: what arrives waits. */
  isFrozen = false

  hasTopic(topic: string): boolean {
    for (const pipe of this.downs) if (pipe.topics.has(topic)) return true
    return false
  }

  /** The topics to send up when a connection is made. */
  wanted(): Iterable<string> {
    return new Set([...this.downs].flatMap((pipe) => [...pipe.topics]))
  }

  forget(topics: Iterable<string>): void {
    for (const topic of topics) if (!this.hasTopic(topic)) this.up({ unsubscribe: topic })
  }

  up(message: Up): void {
    for (const pipe of this.ups) pipe.sendUp(message)
  }

  down(message: Down): void {
    for (const pipe of this.downs) pipe.sendDown(message)
  }

  /** A connection towards the publishers was made. */
  connected(): void {}
}
