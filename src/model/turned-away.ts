/** `no handshake`: it was broken off, or took too long; who has no key may be among them. */
export const turnedAwayReasons = [
  'no key',
  'another key',
  'no handshake',
  'another version',
] as const

/** Somebody who came to a node and was not let in, a moment ago. */
export interface TurnedAway {
  readonly why: (typeof turnedAwayReasons)[number]
  /** What is known of who it was: addresses, or a name and a pid; empty: nothing. */
  readonly who: string
  /** The port where he came, `tcp://address:port`. */
  readonly at: string
  /** How often, since it was last quiet. */
  readonly count: number
  /** How long ago for the last time, milliseconds. */
  readonly agoMs: number
}
