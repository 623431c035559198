import type { Published } from '../model/published.ts'

/** What happens beside commits: for logs. The union may grow. */
export type PublishEvent =
  /** Something has failed that is tried again. */
  | { readonly type: 'failed'; readonly error: unknown }
  /** These tables are told as resets. */
  | { readonly type: 'reset'; readonly tables: readonly string[]; readonly reason: string }

/** What `publishCommits()` of every database takes. An option that is undefined is not given. */
export interface PublishCommitsOptions {
  /** Called with each commit that was published. */
  readonly onPublished?: ((published: Published) => void) | undefined
  /** What happens beside commits: for logs. What it throws is let go. */
  readonly onEvent?: ((event: PublishEvent) => unknown) | undefined
}
