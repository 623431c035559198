import type { Delivery, Loss } from '../../src/index.ts'
import { LoopBlocks } from './loop-blocks.ts'
import type { Received } from './peer-message.ts'

/** Counts what a subscription is given; on demand looks at each commit and at the event loop. */
export class Reception {
  readonly #commitUpdates: number | null
  readonly #blocks: LoopBlocks | null
  #updates = 0
  #deliveries = 0
  #brokenCommits = 0
  #longestCallbackMs = 0
  #lost: string | null = null
  #wake: () => void = () => undefined

  /**
   * Each commit has so many updates, and is looked for as a whole in one delivery. null: it is not,
   * and nothing watches the event loop: a timer of a millisecond costs more than an idle queue.
   */
  constructor(commitUpdates: number | null) {
    this.#commitUpdates = commitUpdates
    this.#blocks = commitUpdates === null ? null : new LoopBlocks()
  }

  take(delivery: Delivery): void {
    const begin = performance.now()
    if (delivery.type === 'loss') this.#lost = lossText(delivery.losses)
    else {
      this.#updates += delivery.updates.length
      this.#deliveries++
      if (this.#commitUpdates !== null)
        this.#brokenCommits += brokenCommits(delivery.updates, this.#commitUpdates)
    }
    this.#longestCallbackMs = Math.max(this.#longestCallbackMs, performance.now() - begin)
    this.#wake()
  }

  /** Resolves when so many updates have come; rejects at a loss. */
  async received(updates: number): Promise<Received> {
    while (this.#updates < updates && this.#lost === null)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    if (this.#lost !== null) throw new Error(`lost: ${this.#lost}`)
    return {
      at: process.hrtime.bigint(),
      updates: this.#updates,
      deliveries: this.#deliveries,
      brokenCommits: this.#brokenCommits,
      block: this.#blocks?.stop() ?? null,
      longestCallbackMs: this.#longestCallbackMs,
    }
  }
}

/** Commits of one publisher that are in a delivery with more or fewer than their updates. */
export function brokenCommits(
  updates: readonly { readonly commit: number | null }[],
  commitUpdates: number,
): number {
  const counts = new Map<number | null, number>()
  for (const { commit } of updates) counts.set(commit, (counts.get(commit) ?? 0) + 1)
  return [...counts.values()].filter((count) => count !== commitUpdates).length
}

const lossText = (losses: readonly Loss[]): string =>
  losses.map(({ table, from, to, reason }) => `${table} ${from} to ${to}: ${reason}`).join(', ')
