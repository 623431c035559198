import { streamLimits } from '../streams/stream-limits.ts'

/** What the pages that read live tables may take; docs/BROWSER.md has the same table. */
export const webLimits = {
  ...streamLimits,
  /** How often a page is told that the stream lives, milliseconds: it calls its rows stale after two and a half times as long. */
  aliveMs: 10_000,
  /** Rows of one step that are told to all as one event; of more each page gets what it lacks in parts, as its connection takes them. */
  stepRows: 1_000,
  /** Keys of which a feed remembers when they have changed, for pages that are behind; who lacks more gets all rows anew. */
  rememberedKeys: 100_000,
  /** How long rows that were written down for a page that begins serve others that begin, milliseconds. */
  snapshotMs: 5_000,
  /** Bytes of rows that are written down at once: one row more at most. */
  partBytes: 64 * 1024,
} as const

export type WebLimits = { readonly [Name in keyof typeof webLimits]: number }
