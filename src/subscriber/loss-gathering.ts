import type { Loss } from '../model/loss.ts'
import type { StreamPosition, SubscriptionOutput } from './subscription-output.ts'

/**
 * Losses that come at once, of several tables or publishers, go out as one delivery: before the next updates,
 * or when what they came of has come to its end.
 */
export class LossGathering {
  readonly #output: SubscriptionOutput
  #losses: Loss[] = []
  #positions: StreamPosition[] = []
  #bytes = 0

  constructor(output: SubscriptionOutput) {
    this.#output = output
  }

  /** The output that it was given, with losses gathered. */
  get output(): SubscriptionOutput {
    return {
      ...this.#output,
      updates: (updates, incomplete, bytes, positions) => {
        if (this.#losses.length > 0) this.flush()
        this.#output.updates(updates, incomplete, bytes, positions)
      },
      losses: (losses, positions, bytes) => this.losses(losses, positions, bytes),
    }
  }

  losses(losses: readonly Loss[], positions: readonly StreamPosition[], bytes = 0): void {
    for (const loss of losses) this.#losses.push(loss)
    for (const position of positions) this.#positions.push(position)
    this.#bytes += bytes
  }

  flush(): void {
    if (this.#losses.length === 0) return
    const losses = this.#losses
    const positions = this.#positions
    const bytes = this.#bytes
    this.#losses = []
    this.#positions = []
    this.#bytes = 0
    this.#output.losses(losses, positions, bytes)
  }
}
