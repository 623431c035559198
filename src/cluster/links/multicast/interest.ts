import type { InterestMessage } from './channel-message.ts'

/**
 * The prefixes of topics that this node wants, as the subscriptions that come up its outbound say, and what of them the
 * other nodes are told: what has changed since a version, or all.
 */
export class Interest {
  readonly #maxBytes: number
  readonly #prefixes = new Set<string>()
  /** Since it was told last; true: it came. */
  readonly #changes = new Map<string, boolean>()
  #bytes = 0
  /** Everything is asked for: the prefixes are too many to be told. */
  #isAll = false
  #version = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Of what was told last. */
  get version(): number {
    return this.#version
  }

  /** Prefixes are texts of one character a byte. */
  add(prefix: string): void {
    if (this.#prefixes.has(prefix)) return
    this.#prefixes.add(prefix)
    this.#bytes += prefix.length
    this.#change(prefix, true)
  }

  remove(prefix: string): void {
    if (!this.#prefixes.delete(prefix)) return
    this.#bytes -= prefix.length
    this.#change(prefix, false)
  }

  /** What has changed since the last time, for who knows all before that; null: nothing has. */
  takeChanges(): InterestMessage | null {
    const isAll = this.#bytes > this.#maxBytes
    const wasAll = this.#isAll
    this.#isAll = isAll
    if (isAll && wasAll) this.#changes.clear()
    if (this.#changes.size === 0) return null
    const since = this.#version++
    const changes = [...this.#changes].map(([prefix, isAdded]) => ({ prefix, isAdded }))
    this.#changes.clear()
    if (isAll !== wasAll) return this.all()
    return { type: 'interest', since, version: this.#version, changes }
  }

  /** All of it as it was told last, for who knows nothing. */
  all(): InterestMessage {
    const prefixes = this.#isAll ? [''] : this.#prefixes
    const changes = [...prefixes].map((prefix) => ({ prefix, isAdded: true }))
    return { type: 'interest', since: 0, version: this.#version, changes }
  }

  /** What came and went again is no change. */
  #change(prefix: string, isAdded: boolean): void {
    if (this.#changes.get(prefix) === !isAdded) this.#changes.delete(prefix)
    else this.#changes.set(prefix, isAdded)
  }
}
