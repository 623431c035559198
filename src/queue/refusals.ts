/** What was not taken and not told yet, by reason. */
export class Refusals {
  readonly #untold = new Map<string, number>()

  add(reason: string): void {
    this.#untold.set(reason, (this.#untold.get(reason) ?? 0) + 1)
  }

  /** A flood of bad frames must not push all other events out of a feed: they are told together. */
  take(): { readonly type: 'refused'; readonly reason: string; readonly count: number }[] {
    const events = [...this.#untold].map(
      ([reason, count]) => ({ type: 'refused', reason, count }) as const,
    )
    this.#untold.clear()
    return events
  }
}
