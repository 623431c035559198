import type { RowSet } from '../workload.ts'
import type { Trade } from '../rows.ts'

/** What a peer needs beside this package: versions of what is there, and the names of what is not. */
export interface Requirement {
  readonly versions: readonly string[]
  readonly missing: readonly string[]
}

/** How many processes publish and how many subscribe; each publisher sends to all subscribers. */
export interface Shape {
  readonly publishers: number
  readonly subscribers: number
}

/** What runs beside the publishers and subscribers of one run. */
export interface Ground {
  /** What the processes of the run have to know: a port, a path. */
  readonly place: Readonly<Record<string, string>>
  /** Servers, whose CPU time and memory count. */
  readonly pids: readonly number[]
  stop(): Promise<void>
}

/** One process of a run. */
export interface Seat extends Shape {
  readonly index: number
  readonly rows: RowSet
  readonly place: Readonly<Record<string, string>>
}

export interface PublishingEnd {
  /** A promise is awaited before the next update. */
  publish(record: Trade): Promise<unknown> | undefined
  /** Resolves when everything published so far was confirmed: the product's own flow control. */
  flush?(): Promise<void>
  /** Lets everything out that was handed over. */
  drain(): Promise<void>
  /** Resolves when every subscriber can be heard; asked after all of them are ready. */
  connected(): Promise<void>
  close(): Promise<void>
}

/** Takes a record that came from the publisher of that index. */
export type Take = (publisher: number, record: Trade) => void

export interface SubscribingEnd {
  close(): Promise<void>
}

/** A way to bring updates from processes to processes. */
export interface Peer {
  readonly name: string
  /** For people. */
  readonly title: string
  /** About how many updates a second it carries 1 to 1: by it the length of a run is chosen. */
  readonly rate: number
  /** Its subscribers are given no more than the one field: it takes part where one is read. */
  readonly readsOneField?: boolean
  requirement(): Requirement
  start(shape: Shape): Promise<Ground>
  publisher(seat: Seat): Promise<PublishingEnd>
  subscriber(seat: Seat, take: Take): Promise<SubscribingEnd>
}

export const nothing = (): Promise<void> => Promise.resolve()
