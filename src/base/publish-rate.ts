/** Time over which the rate is taken, milliseconds: a few heartbeats, so that it does not flicker. */
const rateWindowMs = 3_000

/** Updates published per second, from how many there were in all each time that it is noted. */
export class PublishRate {
  readonly #points: { at: number; total: number }[] = []

  note(total: number, now: number): void {
    this.#points.push({ at: now, total })
    while (this.#points.length > 2 && now - (this.#points[1]?.at ?? now) >= rateWindowMs) {
      this.#points.shift()
    }
  }

  /** Updates per second; 0 before it was noted a second time. */
  perSecond(): number {
    const first = this.#points[0]
    const last = this.#points.at(-1)
    if (!first || !last || last.at <= first.at) return 0
    const rate = ((last.total - first.total) * 1_000) / (last.at - first.at)
    return Math.max(0, Math.round(rate * 10) / 10)
  }
}
