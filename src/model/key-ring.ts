import type { KeyPair } from './key-pair.ts'

/**
 * The keys of a cluster: whoever has one of them is in. The first is the one that our own ports get; while the keys are
 * changed there is another one beside it.
 */
export type KeyRing = readonly [KeyPair, ...KeyPair[]]

/** Pairs of a ring at most. A change of keys takes two; each that does not fit costs a handshake. */
export const maxKeyPairs = 8

/** The key file of a node, as it was read. */
export interface KeySettings {
  /** Absolute: the file is read again when it changes. */
  readonly file: string
  readonly ring: KeyRing
}
