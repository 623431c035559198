import type { Figure, Sample } from './figure.ts'

/** Upper bounds in seconds: those of OpenTelemetry for messaging, with finer ones below, since most updates take less than 5 ms. */
export const durationBounds = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
] as const

/** How many took how long, in buckets. */
export class DurationHistogram {
  /** One for each bound, and one for what takes longer. */
  readonly #counts = new Float64Array(durationBounds.length + 1)
  #sum = 0

  observe(seconds: number): void {
    const place = durationBounds.findIndex((bound) => seconds <= bound)
    const index = place < 0 ? durationBounds.length : place
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#sum += seconds
  }

  figure(name: string, help: string, labels: Sample['labels']): Figure {
    let count = 0
    const buckets = Array.from(this.#counts, (ofBucket, place): Sample => {
      count += ofBucket
      const bound = durationBounds[place]
      const le = bound === undefined ? '+Inf' : String(bound)
      return { suffix: '_bucket', labels: { ...labels, le }, value: count }
    })
    const sum: Sample = { suffix: '_sum', labels, value: this.#sum }
    const samples = [...buckets, sum, { suffix: '_count', labels, value: count } as const]
    return { name, help, type: 'histogram', samples }
  }
}
