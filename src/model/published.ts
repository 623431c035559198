/** What `publish()` gives back of a commit. */
export interface Published {
  /** Its number among the commits of this publisher, from 1. */
  readonly commit: number
  /**
   * Names the commit wherever it is carried, in an HTTP header or a job: `subscription.seen(token)` waits
   * for it. Letters, digits, `-` and `_`, fewer than 1,024.
   */
  readonly token: string
}
