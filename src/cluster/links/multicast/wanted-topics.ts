import type { InterestMessage } from './channel-message.ts'

interface NodeInterest {
  version: number
  readonly prefixes: Set<string>
  /** How many prefixes there are of each length. */
  readonly lengths: Map<number, number>
}

/** A subscription that is to be made or ended at this node's own publishers. */
export interface SubscriptionChange {
  readonly prefix: string
  readonly isAdded: boolean
}

const anew = (prefix: string): SubscriptionChange[] => [
  { prefix, isAdded: false },
  { prefix, isAdded: true },
]

/** What the other nodes want of this one: by node, and all together, which is subscribed to here. */
export class WantedTopics {
  readonly #nodes = new Map<string, NodeInterest>()
  /** How many nodes want each prefix. */
  readonly #counts = new Map<string, number>()
  #changes: SubscriptionChange[] = []

  /** Up to which version a node's interest is known; 0: nothing of it is. */
  version(node: string): number {
    return this.#nodes.get(node)?.version ?? 0
  }

  /**
   * What does not follow what is known changes nothing: the node is told what is known, and tells all. What it tells
   * anew is subscribed to anew: it hears nothing, and a subscription may have been lost at some hop.
   */
  take(node: string, { since, version, changes }: InterestMessage): void {
    if (since !== 0 && since !== this.version(node)) return
    const interest = this.#interestOf(node)
    const gone = since === 0 ? new Set(interest.prefixes) : new Set<string>()
    for (const { prefix, isAdded } of changes) {
      if (isAdded) {
        if (gone.delete(prefix)) this.#changes.push(...anew(prefix))
        else this.#add(interest, prefix)
      } else this.#remove(interest, prefix)
    }
    for (const prefix of gone) this.#remove(interest, prefix)
    interest.version = version
  }

  forget(node: string): void {
    const interest = this.#nodes.get(node)
    if (!interest) return
    for (const prefix of interest.prefixes) this.#remove(interest, prefix)
    this.#nodes.delete(node)
  }

  /** What is to be subscribed to, or no more, since the last time; in order. */
  takeChanges(): SubscriptionChange[] {
    const changes = this.#changes
    if (changes.length > 0) this.#changes = []
    return changes
  }

  /** The nodes that want a message that begins so. */
  nodesWanting(message: Buffer): string[] {
    const nodes: string[] = []
    for (const [node, { prefixes, lengths }] of this.#nodes)
      for (const length of lengths.keys())
        if (length <= message.length && prefixes.has(message.latin1Slice(0, length))) {
          nodes.push(node)
          break
        }
    return nodes
  }

  #interestOf(node: string): NodeInterest {
    const known = this.#nodes.get(node)
    if (known) return known
    const made = { version: 0, prefixes: new Set<string>(), lengths: new Map<number, number>() }
    this.#nodes.set(node, made)
    return made
  }

  #add({ prefixes, lengths }: NodeInterest, prefix: string): void {
    if (prefixes.has(prefix)) return
    prefixes.add(prefix)
    lengths.set(prefix.length, (lengths.get(prefix.length) ?? 0) + 1)
    const count = this.#counts.get(prefix) ?? 0
    this.#counts.set(prefix, count + 1)
    if (count === 0) this.#changes.push({ prefix, isAdded: true })
  }

  #remove({ prefixes, lengths }: NodeInterest, prefix: string): void {
    if (!prefixes.delete(prefix)) return
    const ofLength = (lengths.get(prefix.length) ?? 1) - 1
    if (ofLength === 0) lengths.delete(prefix.length)
    else lengths.set(prefix.length, ofLength)
    const count = (this.#counts.get(prefix) ?? 1) - 1
    if (count > 0) this.#counts.set(prefix, count)
    else {
      this.#counts.delete(prefix)
      this.#changes.push({ prefix, isAdded: false })
    }
  }
}
