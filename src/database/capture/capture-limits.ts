/** Limits of a capture. docs/CAPTURE.md has them with their reasons. */
export interface CaptureLimits {
  /** Of a transaction of more only the tables are told, as resets: what a queue takes as one commit. */
  readonly maxTransactionBytes: number
  /** What has come from the database and is not published yet: beyond this nothing more is read until it is. */
  readonly maxArrivedBytes: number
  /** What is published and not confirmed: beyond this it waits, so that the slowest subscriber loses nothing. */
  readonly maxUnconfirmedBytes: number
  /** Who has confirmed nothing for so long is waited for no more; the slot keeps what it has not confirmed. */
  readonly subscriberWaitsMs: number
  /** How often the database is told what is confirmed. */
  readonly reportMs: number
  /** After so long without a word the database ends the connection, and another capture gets the slot. */
  readonly serverWaitsMs: number
  /** How often the slot is asked for while another capture has it. */
  readonly slotAskMs: number
  /** How long the making of a slot waits for transactions that run, before the tables are told to be read again meanwhile. */
  readonly creationWaitsMs: number
  /** How often the size of what the slot keeps is looked at, and whether tables were altered. */
  readonly lookMs: number
  /** The pause after a connection that has failed; it doubles with each in a row. */
  readonly retryMs: number
  /** It doubles up to so much. */
  readonly longestRetryMs: number
  /** How long the end waits for confirmations. */
  readonly drainMs: number
}

const mebibyte = 1024 * 1024

export const defaultCaptureLimits: CaptureLimits = {
  maxTransactionBytes: 32 * mebibyte,
  maxArrivedBytes: 8 * mebibyte,
  maxUnconfirmedBytes: 32 * mebibyte,
  subscriberWaitsMs: 10_000,
  reportMs: 1_000,
  serverWaitsMs: 8_000,
  slotAskMs: 500,
  creationWaitsMs: 60_000,
  lookMs: 5_000,
  retryMs: 100,
  longestRetryMs: 5_000,
  drainMs: 5_000,
}
