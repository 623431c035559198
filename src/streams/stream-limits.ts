/** What readers of event streams may take, by whatever door they come. Each door's page lists them with its own. */
export const streamLimits = {
  /** Streams at once; one more is answered 503. Each has a connection and up to 64 KiB of what it is being sent. */
  streams: 2_048,
  /** How long a reader may take nothing of what waits for it, milliseconds; beyond, it is told `too-slow` and closed. */
  stalledMs: 60_000,
  /** How long a reader that is closed may take to read what it has been sent, milliseconds. */
  lastWordMs: 5_000,
  /** How often a reader is told that the stream lives, milliseconds: proxies close what is silent for 60 s. */
  aliveMs: 15_000,
  /** Bytes of events that a feed keeps for readers that are behind or come again; the oldest go. */
  feedKeptBytes: 8 * 1024 * 1024,
  /** How long an event is kept in any case, milliseconds: what comes at once makes nobody slow. */
  burstMs: 1_000,
  /** The same of all feeds together, at any time: of the one that has most the oldest go. */
  keptBytes: 64 * 1024 * 1024,
  /** How long a feed without readers is kept, milliseconds: as long as publishers retain what they have sent. */
  feedIdleMs: 5 * 60 * 1000,
  /** Feeds at once: streams of what is the same share one. Beyond, one without readers goes, or a new one is answered 503. */
  feeds: 256,
} as const

export type StreamLimits = { readonly [Name in keyof typeof streamLimits]: number }
