import type { TableSequence } from '../model/message.ts'
import type { Published } from '../model/published.ts'
import { encodeToken } from '../wire/commit-token.ts'

/** A commit that was taken. Its token is made when it is asked for: most are not, and it costs more than a commit. */
export class PublishedCommit implements Published {
  readonly commit: number
  readonly #incarnation: string
  readonly #streams: readonly TableSequence[] | string
  readonly #last: number

  /** `streams`: the last sequence in each of its tables; or the one table that it has, with `last`. */
  constructor(
    commit: number,
    incarnation: string,
    streams: readonly TableSequence[] | string,
    last = 0,
  ) {
    this.commit = commit
    this.#incarnation = incarnation
    this.#streams = streams
    this.#last = last
  }

  get token(): string {
    const given = this.#streams
    const streams = typeof given === 'string' ? [{ table: given, last: this.#last }] : given
    return encodeToken({ incarnation: this.#incarnation, streams })
  }
}
