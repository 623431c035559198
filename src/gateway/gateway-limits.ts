import { streamLimits } from '../streams/stream-limits.ts'

/** What a client of `tidings gateway` may take; docs/GATEWAY.md has the same table. */
export const gatewayLimits = {
  ...streamLimits,
  /** How old an answer of `GENESIS_CLUSTER` may be, and how often a stream of `/cluster` is told, milliseconds: as often as `tidings mon` asks. */
  clusterMs: 1_000,
  /** Connections at once, those of streams among them; one more is closed at once. The rest is for publishing and for probes. */
  connections: 2_304,
  /** Bytes of the head of a request: `where` and a token stand there. It is what Node takes by default. */
  headBytes: 16 * 1024,
  /** How long a client may take to send the head of its request, milliseconds, and to shake hands with TLS. */
  headMs: 10_000,
  /** How long a client may take to send all of its request, milliseconds: 16 MiB at 0.5 MiB a second. */
  requestMs: 32_000,
  /** How long a connection may wait for its next request, milliseconds: as long as pools of clients keep one at least. */
  idleMs: 30_000,
  /** How long nothing may move on a connection, milliseconds: longer than a reader that stands still is waited for. */
  silentMs: 90_000,
  /** Bytes of a body: a quarter of what a publisher retains, so that four of them can be repaired. */
  bodyBytes: 16 * 1024 * 1024,
  /** Bytes of all bodies that come or wait for their answer; what goes beyond is answered 503. Eight of the largest. */
  bodiesBytes: 128 * 1024 * 1024,
  /** How long subscribers may take to confirm what is published with `confirm`, milliseconds: as for `tidings publish`. */
  confirmMs: 10_000,
  /** Answers that are kept for their `Idempotency-Key`; beyond, the oldest goes. */
  keptAnswers: 10_000,
  /** How long one is kept, milliseconds: who tries again does so within a day. */
  answerKeptMs: 24 * 60 * 60 * 1000,
  /** Characters of an `Idempotency-Key`. A UUID has 36. */
  idempotencyKeyLength: 255,
} as const

export type GatewayLimits = { readonly [Name in keyof typeof gatewayLimits]: number }
