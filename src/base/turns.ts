/** Runs one piece of work after another. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `work` when its turn comes, and never where `signal` was aborted before: then `calledOff` is the result. */
  next<T>(work: () => Promise<T>, calledOff: T, signal?: AbortSignal): Promise<T> {
    const done = this.#last.then(() => (signal?.aborted ? calledOff : work()))
    this.#last = done.catch(() => {})
    return done
  }
}
