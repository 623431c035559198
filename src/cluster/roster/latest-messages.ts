/**
 * The highest number of a message of each process. What was sent on a connection that has ended may be read
 * behind what came on the next one: it is out of date, and says nothing.
 */
export class LatestMessages {
  /** By incarnation. */
  readonly #ids = new Map<string, number>()

  /** A later message of it was read before. The latest itself is not past: it may be judged again. */
  isPast(incarnation: string, id: number): boolean {
    return id < (this.#ids.get(incarnation) ?? 0)
  }

  /** This one has been read. */
  note(incarnation: string, id: number): void {
    this.#ids.set(incarnation, id)
  }

  /** Forgets all but those of whom something is still known. */
  keepOnly(isKnown: (incarnation: string) => boolean): void {
    for (const incarnation of this.#ids.keys())
      if (!isKnown(incarnation)) this.#ids.delete(incarnation)
  }
}
