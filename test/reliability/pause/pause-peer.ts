import type { Requirement } from '../../../bench/peers/peer.ts'
import type { Machine } from '../../harness/network.ts'

/** What the processes of a run have to know: a host, a port, a path. */
export type Way = Readonly<Record<string, string>>

/** What a subscriber is told, by what its client or library offers an application. */
export interface Ear {
  /** An update, by its number from 0. */
  take(number: number): void
  /** Updates that will never come, by their numbers. */
  lose(from: number, to: number): void
  /** Something may be missing, without what: the word that it has for that. */
  mayMiss(word: string): void
}

/** A way to bring updates from a process to another one, with the settings that its documentation advises. */
export interface PausePeer {
  readonly name: string
  /** For people. */
  readonly title: string
  requirement(): Requirement
  /** Starts what it needs: on the first of the machines where there are two, else on loopback. */
  start(machines: readonly Machine[] | null): Promise<Way>
  /** Resolves with what publishes one update. */
  publisher(way: Way): Promise<(record: object) => void>
  /** Resolves when it is subscribed. */
  subscriber(way: Way, ear: Ear): Promise<void>
}

/** The field that numbers the updates: every row of the benchmark has it. */
export const numberField = 'NOTIONAL'

export const numberOf = (record: object): number =>
  (record as Readonly<Record<typeof numberField, number>>)[numberField]
