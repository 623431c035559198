/** Batches of a stream that are remembered: what a clone repeats, it repeats while both live. */
const remembered = 8

/**
 * The last batches of a stream, by their first sequence. A batch that comes again is the same bytes:
 * retention sends it again as it was. Another checksum under one number means that two processes publish
 * under one incarnation: a memory image or a machine was copied.
 */
export class SeenBatches {
  /** First sequence and checksum, pairwise, as a ring. */
  readonly #pairs: number[] = []
  #at = 0

  /** False: a batch that begins at the same sequence has come with another checksum. */
  agrees(first: number, checksum: number): boolean {
    const pairs = this.#pairs
    for (let index = 0; index < pairs.length; index += 2)
      if (pairs[index] === first) return pairs[index + 1] === checksum
    pairs[this.#at] = first
    pairs[this.#at + 1] = checksum
    this.#at = (this.#at + 2) % (2 * remembered)
    return true
  }
}
