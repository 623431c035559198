/** What a client of `/healthz`, `/readyz` and `/metrics` may take; docs/OBSERVE.md has the same table. */
export const probeLimits = {
  /** A connection is closed after its answer, and after so long in any case, milliseconds. Prometheus waits 10 s by default. */
  connectionMs: 10_000,
  /** Connections at once; beyond, the oldest is closed for the new one. */
  connections: 32,
  /** Bytes of the head of a request. Prometheus sends some 500. */
  requestBytes: 8 * 1024,
} as const
